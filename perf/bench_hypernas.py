"""HyperNAS-P on whole tables, seeds side by side against one by one, and steps of HyperNAS."""

from collections.abc import Iterator

from nasutils.data import load_table
from perf.harness import Measurement, in_fresh_process

# Table -> how its frame is read, and the seconds in which two cores should predict all of it.
SEQUENCES = {
    "nasbench201": (
        "cell_sequences('nasbench201', [NASBench201Cell.from_string(a) for a in {}['arch']])"
    ),
    "nasbench101": "nasbench101_cell_sequences({})",
}
SECONDS = {"nasbench201": 4, "nasbench101": 60}

SETUP = """
from dataclasses import replace
import numpy as np
from nasutils.data import load_table
from nasutils.methods.common.cell_sequences import cell_sequences, nasbench101_cell_sequences
from nasutils.methods.hypernas.predictor import RECIPES, fit
from nasutils.spaces.nasbench201 import NASBench201Cell
table = load_table({table!r})
recipe = replace(RECIPES["hypernas_p"], epochs={epochs})
"""
TRAIN = "fit(sequences, np.arange(len(sequences)), [range(40)] * {seeds}, recipe, range({seeds}))"


def measure() -> Iterator[Measurement]:
    """Predict both tables from strings or bits on, then train five seeds both ways."""
    for name, sequences in SEQUENCES.items():
        load_table(name)
        train = f"predictor = {TRAIN.format(seeds=1)}"
        setup = SETUP.format(table=name, epochs=1)
        setup += f"sequences = {sequences.format('table[:40]')}\n{train}"
        run = in_fresh_process(setup, f"predictor.predict({sequences.format('table')})", repeats=2)
        task = f"read and predict all of `{name}` by HyperNAS-P"
        yield Measurement(task, "time", f"{run.seconds:.1f} s", f"{SECONDS[name]} s")
        yield Measurement(task, "processor time", f"{run.processor:.1f} s")
        yield Measurement(task, "peak memory of the process", f"{run.megabytes:.0f} MB")
    yield from _training()
    yield from _joint_steps()


def _training() -> Iterator[Measurement]:
    sequences = SEQUENCES["nasbench201"].format("table[:40]")
    setup = f"{SETUP.format(table='nasbench201', epochs=10)}sequences = {sequences}"
    together = in_fresh_process(setup, TRAIN.format(seeds=5), repeats=2)
    apart = in_fresh_process(setup, f"for _ in range(5): {TRAIN.format(seeds=1)}", repeats=2)
    task = "train HyperNAS-P on 40 NAS-Bench-201 cells, 10 epochs, five seeds"
    yield Measurement(task, "processor time", f"{together.processor:.1f} s")
    ratio = apart.processor / together.processor
    yield Measurement(task, "processor time, one by one over side by side", f"{ratio:.1f}")


JOINT = """
from dataclasses import replace
import numpy as np
import torch
from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.common.benchmark_sequences import benchmark_sequences
from nasutils.methods.hypernas import auxiliary
from nasutils.methods.hypernas.auxiliary import Auxiliary, load_auxiliary
from nasutils.methods.hypernas.joint import Images
from nasutils.methods.hypernas.methods import JOINT, train_jointly
generator = torch.Generator().manual_seed(0)
noise = torch.randn(512, 3, 16, 16, generator=generator)
images = Images(noise, torch.arange(512) % 10)
auxiliary.cifar10_images = lambda size, device: (images, images)
benchmark, auxiliary = get_benchmark("nb201-c10"), load_auxiliary("nasbench201")
split = benchmark.split(40, 0)
recipe = replace(JOINT["HyperNAS"], images=64, networks={networks}, precision={precision!r})
recipe = replace(recipe, predictor=replace(recipe.predictor, epochs=5))
benchmark_sequences(benchmark, cells_per_stage=1)
"""
STEPS = 5 * 4


def _joint_steps() -> Iterator[Measurement]:
    """Time steps of ten architectures, whose target networks are as reduced as at ``bench``."""
    load_table("nasbench201")
    train = "train_jointly(benchmark, auxiliary, split, recipe)"
    runs = {
        (networks, precision): in_fresh_process(
            JOINT.format(networks=networks, precision=precision), train, repeats=2
        )
        for networks, precision in ((1, "float32"), (10, "float32"), (10, "bfloat16"))
    }
    for (networks, precision), run in runs.items():
        plural = "s" if networks > 1 else ""
        task = f"step of HyperNAS: 10 cells, {networks} reduced target network{plural}, {precision}"
        yield Measurement(task, "steps a second", f"{STEPS / run.processor:.1f}")
    ratio = runs[10, "float32"].processor / runs[1, "float32"].processor
    task = "step of HyperNAS, all ten target networks over one of them"
    yield Measurement(task, "processor time", f"{ratio:.1f}")
