"""Where jobs run beside this machine: a Dask cluster."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor

from nasutils.errors import JobError

DASK_TIMEOUT = 10.0  # seconds to wait for a scheduler


@contextlib.contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Give the Dask cluster whose scheduler listens at ``address``.

    Its workers need this package and this checkout, under the same path. After an interruption
    the jobs that run there come to their end.

    Raises:
        JobError: If Dask is not installed or does not answer.
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
