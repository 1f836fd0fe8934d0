"""Training the seeds of an NB201-Digits cell side by side, against one after the other."""

from collections.abc import Iterator

from perf.harness import Measurement, in_fresh_process

SETUP = """
from nasutils.digits.measure import train_cell
from nasutils.digits.task import SEEDS, cell_order, images
for split in ("train", "valid", "test"):
    images(split)
cells = cell_order()[:3]
"""


def measure() -> Iterator[Measurement]:
    """Time the same trainings of three cells both ways."""
    together = in_fresh_process(SETUP, "for cell in cells: train_cell(cell)", repeats=2)
    apart = in_fresh_process(
        SETUP, "for cell in cells:\n    for seed in SEEDS: train_cell(cell, [seed])", repeats=2
    )
    task = "train a cell of NB201-Digits, three seeds"
    yield Measurement(task, "processor time", f"{together.processor / 3:.1f} s")
    ratio = apart.processor / together.processor
    yield Measurement(task, "processor time, one by one over side by side", f"{ratio:.2f}")
