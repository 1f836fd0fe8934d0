"""Every experiment at a tiny size, on labels that cost nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from nasutils.methods.generative import experiments, fitness, other_tasks, pipeline, pool
from nasutils.methods.generative.generator import CellSampler, cell_size
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.study.run import Run

_DEMO = pipeline.SIZES["demo"]
TINY = replace(
    _DEMO,
    unlabelled=150,
    labelled=60,
    counts=(1, 2, 3),
    gvae={"hidden": 32, "latent": 32, "layers": 1},
    naive=replace(_DEMO.naive, steps=150, learning_rate=1e-2),
    joint=replace(_DEMO.joint, steps=5),
    ccnf={"hidden": 8, "layers": 1},
    flow=replace(_DEMO.flow, steps=3, batch_size=16),
    writing=replace(_DEMO.writing, steps=3, batch_size=4),
    budget=12,
    designs=10,
)
#: Accuracies of three cells of NAS-Bench-201 on two tasks, and of one that passes no signal.
TASKS = pd.DataFrame(
    {"svhn": [90.0, 70.0, 80.0, 10.0], "ninapro": [60.0, 90.0, 80.0, 50.0]},
    index=[
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|skip_connect~2|",
        "|none~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|none~2|",
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
    ],
)


def vector(cell, scoring):
    """What a proxy vector could be, at once."""
    size = cell_size(cell)
    rng = np.random.default_rng(sum(map(ord, str(cell))))
    return {"snip_ssnr": rng.uniform(1, 9), "nwot": rng.normal(), **size._asdict()}


def accuracies(networks, training, **options):
    """What a short training could give: the longer, the better."""
    lengths = [float(len(network.cells)) for network in networks]
    return pd.DataFrame({"valid": lengths, "test": lengths, "seconds": 1.0})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run's figures by experiment, of either scale; the networks are shared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASUTILS_CACHE", str(tmp_path_factory.mktemp("cache")))
        for module in (pool, experiments, other_tasks):
            patch.setattr(module, "proxy_vector", vector)
        patch.setattr(other_tasks, "t_cet", lambda sequence, scoring: 1.0)
        patch.setattr(experiments, "tasks_table", lambda: TASKS)
        patch.setattr(fitness, "t_cet", lambda sequence, scoring: float(len(sequence.cells)))
        for scale in ("demo", "bench"):
            patch.setitem(pipeline.SIZES, scale, TINY)
        for name, value in {"FRESH": 20, "WRITTEN": 8, "QUANTILES": (0.3, 0.6)}.items():
            patch.setattr(experiments, name, value)
        patch.setattr(experiments, "short_accuracies", accuracies)
        steps = {}

        def record(experiment, scale="demo"):
            run = Run("generative", experiments, scale=scale, seed=2, part=experiment.part)
            steps.setdefault(scale, experiments.make_pipeline(run))
            found = run.do(experiment, steps=steps[scale])
            frame = run.recorder.frame
            assert set(frame["item"]) == set(experiment.items)
            figures = frame.set_index(["item", "row", "column", "metric"])["value"].sort_index()
            return figures, found, steps[scale]

        yield record


def test_latents(recorded):
    figures, table, steps = recorded(experiments.latents)
    assert [*table.index] == [*experiments.LATENTS]
    chance = figures["figure2", "by chance", "graphnet", "shared_cluster"]
    assert 100 / 3 <= chance <= 100
    assert not steps.known & set(pipeline.CellTensors.of(steps.fresh(20)).keys())


def test_sampling_starts_from_the_best_cell(recorded):
    figures, table, _ = recorded(experiments.sampling)
    assert table.loc["NATS-Bench ref.", "success_rate"] == 100
    assert table.loc["NATS-Bench ref.", "distance"] == pytest.approx(0)
    size = cell_size(experiments.REFERENCE)
    assert figures["table1", "NATS-Bench ref.", "digits", "params_m"] == pytest.approx(size.params)
    best = NASBench201Cell.from_string(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
        "+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    )
    np.testing.assert_array_equal(experiments.REFERENCE.adjacency, best.adjacency_and_ops()[0])
    assert [op[-8:] for op in experiments.REFERENCE.ops] == [
        op.replace("skip_connect", "skip")[-8:] for op in best.ops
    ]


def test_obedience(recorded):
    figures, table, steps = recorded(experiments.obey)
    assert len(table) == 3 * 2
    written = table[table["row"] == "architectures"]
    assert (written["valid"] == 1).all()
    assert figures["obedience", "architectures", "graphnet", "valid"] == 100
    assert len(steps.sequences.generate({"params": 0.1}, 3)) == 3


def test_search_keeps_budget_and_limits(recorded):
    figures, table, steps = recorded(experiments.search)
    assert table["zc_evals"].tolist() == [12, 12, 12, 12, 1]
    for design in steps.hl_search.architectures:
        assert steps.limits.allow(design.sequence)
    best = max(len(d.sequence.cells) for d in steps.hl_search.architectures)
    row = "HL-Evo(T-CET)+CCNF"
    assert figures["table2", row, "graphnet/1m", "t_cet"] == best
    assert best > 3  # lengths vary, and the longer the better


def test_the_best_of_the_searches_are_trained(recorded):
    figures, _, steps = recorded(experiments.trained)
    stacked = figures["table1", "NATS-Bench ref.", "digits"]
    assert set(stacked) == {5}  # cells, one a stage and the two that halve the resolution
    row = "HL-Evo(T-CET)+CCNF"
    best = sorted(len(d.sequence.cells) for d in steps.hl_search.architectures)[-10:]
    assert figures["table2", row, "digits", "test_accuracy_min"] == best[0]
    assert figures["table2", row, "digits", "test_accuracy_mean"] == np.mean(best)


def test_searches_by_reduced_training(recorded):
    figures, table, _ = recorded(experiments.reduced)
    assert table["trained"].tolist() == [24, 0, 24]
    # All mixtures of a sequence are as long as it is, and GraphNet's start has three cells.
    assert table["test_accuracy"].iloc[0] == table["test_accuracy"].iloc[1]
    assert figures["e2", "reduced training, GraphNet", "digits", "test_accuracy"] >= 3


def test_selection_for_other_tasks(recorded):
    figures, scores, _ = recorded(experiments.other_tasks, "bench")
    for task, truth in TASKS.items():
        column = figures["table4"].xs(f"nb201-{task}", level="column")
        assert column["all cells", "valid_accuracy"] == truth.mean()
        assert column["the accuracy itself", "spearman"] == pytest.approx(1)
        # All four are chosen: ten are asked for.
        assert column["T-CET", "valid_accuracy"] == truth.mean()
        rho = spearmanr(scores["params"], truth).statistic
        assert column["parameters", "spearman"] == pytest.approx(rho)
    undefined = scores.loc[TASKS.index[3], ["params", "t_cet", "likeness"]]
    assert (undefined == -np.inf).all()


def test_cost_and_what_is_kept(recorded):
    _, seconds, steps = recorded(experiments.cost, "bench")
    assert {"naive", "gvae", "ccnf", "sequences"} <= set(seconds.index)
    kept = steps.sampler
    read = CellSampler.load(steps.folder)
    assert read.of_cluster(0, 9, 1) == kept.of_cluster(0, 9, 1)
