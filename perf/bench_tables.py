"""Loading the benchmark tables from the cache."""

from collections.abc import Iterator

from nasutils.data import load_table
from perf.harness import Measurement, in_fresh_process

# Table -> target in seconds.
TARGETS = {"nasbench201": 0.2, "nasbench101": 1.5}
MEGABYTES = {"nasbench101": 700}


def measure() -> Iterator[Measurement]:
    """Load each table in fresh processes, after a first load that fills the cache."""
    for name, seconds in TARGETS.items():
        setup = "from nasutils.data import load_table; import pyarrow.parquet"
        load = f"load_table({name!r})"
        load_table(name)
        run = in_fresh_process(setup, load, repeats=5)
        task = f"load `{name}` from the cache"
        yield Measurement(task, "time", f"{run.seconds:.2f} s", f"{seconds} s")
        if name in MEGABYTES:
            peak = f"{run.megabytes:.0f} MB"
            yield Measurement(task, "peak memory of the process", peak, f"{MEGABYTES[name]} MB")
