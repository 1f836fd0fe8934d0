"""Processes that work side by side, and that end when the one that started them does."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

_PATIENCE = 6.0  # seconds for a worker to end in order


@contextlib.contextmanager
def local_executor(workers: int) -> Iterator[Executor]:
    """Give a pool of processes; leaving it by an exception ends the jobs that run."""
    # spawn: a forked copy of a process with threads (torch, Dask) may deadlock.
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(workers, context, _prepare)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True)


def _prepare() -> None:
    """Make a worker end in order: with its parent, and when told to."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    def follow_parent() -> None:
        multiprocessing.parent_process().join()
        os.kill(os.getpid(), signal.SIGTERM)
        # The work has stopped by then; the pool's own loop would wait for more for ever.
        time.sleep(_PATIENCE)
        os._exit(1)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=follow_parent, daemon=True).start()
