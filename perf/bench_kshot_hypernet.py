"""Kshot-Hypernet on NB201-Digits' images: a step of training by each provider, and judging."""

from collections.abc import Iterator

from perf.harness import Measurement, in_fresh_process

STEPS, CELLS = 20, 40

SETUP = """
from nasutils.methods.kshot_hypernet.cells import judged_cells
from nasutils.methods.kshot_hypernet.judging import judge
from nasutils.methods.kshot_hypernet.runs import configuration
from nasutils.methods.kshot_hypernet.tasks import load_task
from nasutils.methods.kshot_hypernet.training import Training
from nasutils.threads import deterministic_cpu
task = load_task("digits", 8)
training = Training(configuration("digits/{row}/0"), task)
with deterministic_cpu():
    training.train_step()
"""
TRAIN = f"""
with deterministic_cpu():
    for _ in range({STEPS}):
        training.train_step()
"""
JUDGE = f"""
with deterministic_cpu():
    judge(training.supernet, judged_cells("sample", "digits")[:{CELLS}], task.train, task.test)
"""
PROVIDERS = {
    "shared": "weight sharing",
    "kshot": "K-shot, 12 kernels",
    "hypernet": "hypernetwork alone",
    "kshot_hypernet": "Kshot-Hypernet, 64 kernels",
}


def measure() -> Iterator[Measurement]:
    """Time steps of one teacher and five students, and evaluations with recomputed statistics."""
    seconds = {}
    for row, title in PROVIDERS.items():
        run = in_fresh_process(SETUP.format(row=row), TRAIN, repeats=2)
        seconds[row] = run.processor / STEPS
        task = f"step of a super-net on digits: {title}"
        yield Measurement(task, "processor time", f"{1000 * seconds[row]:.0f} ms")
        if row != "shared":
            ratio = seconds[row] / seconds["shared"]
            yield Measurement(task, "processor time over weight sharing", f"{ratio:.2f}")
    run = in_fresh_process(SETUP.format(row="kshot_hypernet"), JUDGE, repeats=2)
    task = "judge cells of Kshot-Hypernet: 1,200 images for statistics, 2,000 to judge"
    yield Measurement(task, "cells a second", f"{CELLS / run.processor:.1f}")
