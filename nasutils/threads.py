"""One CPU thread: for the same result on every machine, and where many small tensors gain by it."""

import contextlib
from collections.abc import Iterator

import torch

_depth = 0  # blocks of deterministic_cpu that are open


@contextlib.contextmanager
def deterministic_cpu() -> Iterator[None]:
    """Compute on one CPU thread, with numbers below 1e-38 as zeros: dead cells are full of them.

    Blocks may be nested: the threads come back, and denormal numbers with them, when the outermost
    ends.
    """
    global _depth
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        torch.set_flush_denormal(_depth > 0)
        torch.set_num_threads(threads)
