"""Rows as methods: each works alone, from a benchmark and a split to scores."""

from dataclasses import replace

import numpy as np
import pytest

from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.base import get_method, methods_of
from nasutils.methods.transferable import methods, sources
from nasutils.methods.transferable.encoder import GraphEncoderSettings
from nasutils.methods.transferable.methods import RECIPES, fit_transfer, transfer_method
from nasutils.methods.transferable.pretraining import ContrastiveRecipe
from nasutils.methods.transferable.sources import Sources, fitted_to_sources, unfitted
from nasutils.methods.transferable.transfer_predictor import FitRecipe, TransferRecipe

QUICK = FitRecipe(epochs=2, batch_size=8)


def test_every_recipe_is_a_row_and_nothing_else_is():
    assert list(methods_of("transferable"))[: len(RECIPES)] == list(RECIPES)
    assert get_method("transferable/Ours").obstacle(get_benchmark("nb201-digits")) == ""
    assert get_method("transferable/Ours").obstacle(get_benchmark("vit-c100")) != ""


def test_rows_are_what_the_text_says():
    written, ours = RECIPES["CL-fine-tune"], RECIPES["Ours"]
    assert written.contrastive == ContrastiveRecipe()
    assert written.contrastive.weight_temperature == 0.05
    assert RECIPES["CL, weights at .005"].contrastive.weight_temperature == 0.005
    assert RECIPES["Untrained encoder"] == TransferRecipe()
    assert RECIPES["CL, attention alone"].contrastive.encoder == GraphEncoderSettings(gnn_layers=0)
    assert (ours.members, ours.fine_tune.learning_rate, ours.fine_tune.labels) == (
        5, 1e-3, "normal_score",
    )  # fmt: skip
    assert RECIPES["Ours + GNN"] == replace(RECIPES["One GNN"], beside=ours)


def test_a_split_alone_makes_a_method_rank(tiny_benchmarks):
    target, source = tiny_benchmarks
    recipe = TransferRecipe(source=QUICK, fine_tune=QUICK)
    given = Sources((source.id,), labels=6)
    splits = target.splits(5, [3, 4])
    scores = [fit_transfer(recipe, target, each, sources=given)(target.architectures)
              for each in splits]  # fmt: skip
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=1).min() > 0
    # Step by step: the source's first labels, then the split's, in the order of its seed.
    start = unfitted(recipe, given)
    from_source = start.fit_sources([given.labelled(source.id)], 0)
    assert fitted_to_sources(recipe, given, (source.id,)).predict(given.labelled(source.id)[0]) == (
        pytest.approx(from_source.predict(given.labelled(source.id)[0]))
    )
    labelled = methods.labelled_graphs(target, splits[1].labelled)
    tuned = from_source.fine_tune(labelled, 4)
    again = methods.rank_by_graphs(target, tuned.predict)(target.architectures)
    assert again == pytest.approx(scores[1])
    # Without the source's labels it is another predictor.
    alone = fit_transfer(recipe, target, splits[1], sources=given, labelled=())
    assert alone(target.architectures) != pytest.approx(scores[1])


def test_a_source_is_learnt_once_whatever_the_split(tiny_benchmarks, monkeypatch):
    target, source = tiny_benchmarks
    made = []
    slow = sources.pretrained_predictor

    def counting(*args, **options):
        made.append(args)
        return slow(*args, **options)

    monkeypatch.setattr(sources, "pretrained_predictor", counting)
    monkeypatch.setitem(sources.SOURCES, "bench", Sources((source.id,), labels=5, seed=77))
    monkeypatch.setitem(RECIPES, "Quick", TransferRecipe(source=QUICK, fine_tune=QUICK))
    scores = transfer_method("Quick").predict(target, target.splits(4, range(3))).scores
    assert scores.shape == (3, len(target))
    assert len(made) == 1


def test_sources(tiny_benchmarks):
    target, source = tiny_benchmarks
    both = Sources((target.id, source.id), graphs=7, labels=4, random=("nasbench101",))
    random, *graphs = both.unlabelled()
    assert len(random) == sources.RANDOM_NETWORKS
    assert [len(each) for each in graphs] == [7, 7]
    assert both.others("nasbench201") == (source.id,)
    assert both.others("ofa_mbv3") == (target.id, source.id)
    assert replace(both, labels=0).others("ofa_mbv3") == ()
    _, labels = both.labelled(source.id)
    assert labels.tolist() == source.labels[:4].tolist()
    assert hash(both) == hash(replace(both, progress=True))


def test_embedded_benchmarks_need_no_public_file():
    assert sources.default_sources(get_benchmark("nb201-digits")) is sources.SOURCES["demo"]
    assert sources.default_sources(get_benchmark("mbv3-imagenet")) is sources.SOURCES["bench"]
    ids = {id for each in sources.SOURCES.values() for id in each.benchmarks}
    assert all(get_benchmark(id) for id in ids)
