"""Measuring in fresh processes, and the table that the book shows."""

import datetime
import json
import os
import platform
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Measurement:
    """One line of the performance page.

    Attributes:
        task: What was done.
        measure: What was measured.
        value: The figure with its unit, as the page prints it.
        target: The figure it should stay below or above; empty where there is none.
    """

    task: str
    measure: str
    value: str
    target: str = ""


@dataclass(frozen=True)
class Run:
    """What one fresh process took.

    Attributes:
        seconds: Time of the timed part by the clock on the wall.
        processor: Time that the processor spent on it, on whatever cores; other programs on the
            machine hardly change it.
        megabytes: Memory of the whole process at its peak.
    """

    seconds: float
    processor: float
    megabytes: float


_PROGRAM = """
import json, resource, sys, time
{setup}
begin, processor_begin = time.perf_counter(), time.process_time()
{timed}
seconds, processor = time.perf_counter() - begin, time.process_time() - processor_begin
unit = 1 if sys.platform == "darwin" else 1024  # the kernel's unit: bytes or KiB
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps([seconds, processor, peak / 1e6]))
"""


def in_fresh_process(setup: str, timed: str, repeats: int = 1) -> Run:
    """Time a piece of code in processes of their own and return the fastest run.

    Args:
        setup: Code that runs first and is not timed; its memory counts.
        timed: The code to time.
        repeats: How many processes, one after the other.

    Raises:
        subprocess.CalledProcessError: If the code fails.
    """
    program = _PROGRAM.format(setup=textwrap.dedent(setup), timed=textwrap.dedent(timed))
    runs = []
    for _ in range(repeats):
        command = [sys.executable, "-c", program]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(Run(*json.loads(output.splitlines()[-1])))
    return min(runs, key=lambda run: run.seconds)


def machine() -> str:
    """Describe this machine without naming it; other programs count, so their load is told."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{processor()}, {cores} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, numpy {version('numpy')}, "
        f"pandas {version('pandas')}, torch {version('torch')}, "
        f"load {os.getloadavg()[1]:.1f}"
    )


def processor() -> str:
    """Return the processor's name where the system tells it, else its family."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write(measurements: Iterable[Measurement], path: Path) -> None:
    """Write the table of the performance page, with the machine and the date in every row."""
    where = {"machine": machine(), "date": datetime.date.today().isoformat()}
    frame = pd.DataFrame([asdict(measurement) | where for measurement in measurements])
    frame.to_csv(path, index=False, lineterminator="\n")


def announce(measurements: Iterable[Measurement]) -> Iterator[Measurement]:
    """Pass measurements on, printing each as it comes."""
    for measurement in measurements:
        aim = f" (target {measurement.target})" if measurement.target else ""
        print(f"{measurement.task}: {measurement.measure} {measurement.value}{aim}", flush=True)
        yield measurement
