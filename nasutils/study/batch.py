"""Many jobs: those that are done are skipped, those that fail stop no other."""

import contextlib
import functools
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from nasutils.errors import JobError
from nasutils.processes import local_executor
from nasutils.study.work import Outcome, Task, check_runnable, failure, skip, work

DASK_TIMEOUT = 10.0  # seconds to wait for a scheduler

Pool = Callable[[], AbstractContextManager[Executor]]


def run_tasks(
    tasks: Iterable[Task],
    *,
    workers: int = 1,
    dask: str = "",
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Run tasks, each job once, and report every outcome as it comes.

    Args:
        tasks: What to run.
        workers: Processes on this machine.
        dask: Address of a Dask scheduler to use instead.
        report: Called in this process with each outcome.

    Returns:
        The outcomes, in the order of the tasks.

    Raises:
        JobError: Before anything starts, if a file, papermill or Dask is missing.
        KeyboardInterrupt: On Ctrl-C or SIGTERM, once the jobs that ran are stopped and their
            part folders removed. What finished before stays.
    """
    by_key = {task.job.key: task for task in tasks}
    done: dict[str, Outcome] = {}

    def keep(outcome: Outcome) -> None:
        done[outcome.job.key] = outcome
        report(outcome)

    todo = []
    for task in by_key.values():
        outcome = skip(task)
        keep(outcome) if outcome else todo.append(task)
    for task in todo:
        check_runnable(task)
    with _sigterm_as_interrupt():
        if dask:
            _run_in(functools.partial(_dask_executor, dask), todo, None, keep)
        else:
            _run_locally(todo, workers, keep)
    return [done[key] for key in by_key]


def _run_locally(todo: list[Task], workers: int, keep: Callable[[Outcome], None]) -> None:
    """Run in local processes, and go on in new ones where a worker was killed.

    A pool that lost one worker does not say which job was its last. All that were under way are
    suspects, run again at the end, alone: the one that kills its worker again has failed.
    """
    suspects: list[Task] = []
    while todo:
        size = min(workers, len(todo))
        loss = _run_in(functools.partial(local_executor, size), todo, size, keep)
        suspects += loss.under_way
        todo = loss.waiting
    for task in suspects:
        if _run_in(functools.partial(local_executor, 1), [task], 1, keep).under_way:
            keep(failure(task, "its worker process was killed, twice (out of memory?)"))


@dataclass
class _Loss:
    """What a broken pool left undone."""

    under_way: list[Task] = field(default_factory=list)
    waiting: list[Task] = field(default_factory=list)


def _run_in(
    pool: Pool, todo: list[Task], window: int | None, keep: Callable[[Outcome], None]
) -> _Loss:
    """Run ``todo`` in one pool, at most ``window`` tasks handed over at a time."""
    if not todo:
        return _Loss()
    waiting, under_way = deque(todo), {}
    with pool() as executor:
        try:
            while waiting or under_way:
                while waiting and (window is None or len(under_way) < window):
                    under_way[executor.submit(work, waiting[0])] = waiting[0]
                    waiting.popleft()
                done = wait(under_way, return_when=FIRST_COMPLETED).done
                for future in sorted(done, key=_is_lost):
                    keep(_outcome(future, under_way[future]))
                    del under_way[future]
        except BrokenProcessPool:
            return _Loss(list(under_way.values()), list(waiting))
    return _Loss()


def _is_lost(future: Future) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenProcessPool)


def _outcome(future: Future, task: Task) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except CancelledError:
        return failure(task, "the scheduler was lost before the job had ended")
    except (Exception, SystemExit) as error:
        # Not the notebook's error but its surroundings': a full disk, a worker told to end.
        return failure(task, f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    """Give a Dask cluster, whose workers need this package and this checkout, under the same path.

    After an interruption the jobs that run there come to their end.
    """
    try:
        from distributed import Client
    except ImportError:
        raise JobError("--dask needs Dask: pip install 'nasutils[cluster]'.") from None
    try:
        client = Client(address, timeout=DASK_TIMEOUT)
    except (OSError, ValueError) as error:
        raise JobError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        executor = client.get_executor(pure=False)
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False)  # cancels what waits
            raise


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Treat a polite request to end like Ctrl-C (signals belong to the main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
