"""Benchmarks of thirty architectures, and methods that train for an instant."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from nasutils.benchmarks.benchmark import Benchmark
from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.data import nasbench101 as nasbench101_table
from nasutils.data.nasbench101 import OP_LETTERS
from nasutils.data.proxy_files import PROXIES
from nasutils.methods.base import METHODS
from nasutils.methods.baselines.forest import Forest
from nasutils.methods.hypernas import auxiliary, experiments, pretraining
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.hypernetwork import HypernetworkSettings
from nasutils.methods.hypernas.joint import Images
from nasutils.methods.hypernas.methods import JOINT, JointMethod, MeanMethod
from nasutils.methods.hypernas.predictor import RECIPES
from nasutils.methods.hypernas.selection import CANDIDATES
from nasutils.methods.hypernas.teacher import ALONE, TeacherSettings
from nasutils.spaces.registry import SPACES

SIZES = (10, 12, 14, 16)
LETTERS = {op: letter for letter, op in OP_LETTERS.items()}


def drawn(space, count=30):
    """Different architectures, the first of those that a teacher of seed 0 draws."""
    rng, found = np.random.default_rng(0), {}
    while len(found) < count:
        found[SPACES[space].random(rng)] = None
    return list(found)


def table_of(space):
    cells, rng = drawn(space), np.random.default_rng(1)
    table = pd.DataFrame({"arch": map(str, cells), "test": rng.uniform(50, 90, 30)})
    table["valid"] = table["test"] + rng.normal(size=30)
    table["flops"] = rng.uniform(100, 900, 30)
    if space == "nasbench101":
        table["hash"] = [cell.hash for cell in cells]
        table["adjacency"] = [cell.bits for cell in cells]
        table["ops"] = ["".join(LETTERS[op] for op in cell.ops[1:-1]) for cell in cells]
        table["vertices"] = [cell.num_vertices for cell in cells]
        table.loc[25:, "valid"] = np.nan
        return table.drop(columns="arch")
    return table


def tiny(id, space, **changes):
    attributes = {"label": "valid", "test": "test", "label_sizes": SIZES} | changes
    values = nasbench101_table.cells if space == "nasbench101" else None
    rows = attributes.pop("rows", lambda: table_of(space))
    return Benchmark(id, id, id, space, rows, values=values, **attributes)


def with_proxies():
    rng = np.random.default_rng(2)
    scores = {name: rng.normal(size=30) for name in PROXIES}
    return table_of("nasbench201").drop(columns="flops").assign(**scores)


TINY = {
    each.id: each
    for each in (
        tiny("tiny-201", "nasbench201", network="nb201_digits"),
        tiny("tiny-proxies", "nasbench201", network="nb201_digits", rows=with_proxies),
        tiny("tiny-101", "nasbench101"),
        tiny("tiny-mbv3", "ofa_mbv3", evaluate_on_all=False),
        tiny("tiny-darts", "darts", evaluate_on_all=False),
        tiny("tiny-vit", "autoformer", evaluate_on_all=False),
    )
}


@pytest.fixture(autouse=True)
def tiny_benchmarks(monkeypatch):
    for id, benchmark in TINY.items():
        monkeypatch.setitem(BENCHMARKS, id, benchmark)


def short(recipe):
    encoder = replace(recipe.encoder, hidden=8, layers=2, regressor=8)
    return replace(recipe, encoder=encoder, epochs=2)


def short_teacher():
    encoder = EncoderSettings(hidden=8, layers=2, context="none", gain=2.0)
    recipe = replace(ALONE.predictor, epochs=1, encoder=encoder)
    small = HypernetworkSettings(hidden=8, layers=1, channels=8)
    recipe = replace(ALONE, predictor=recipe, images=16, hypernetwork=small)
    return TeacherSettings(cells=8, images=20, recipe=recipe)


def quick_version(entry):
    """The method with small networks that are hardly trained."""
    predictors = entry.fit.__self__
    if isinstance(predictors, MeanMethod):
        return entry
    if isinstance(predictors, Forest):
        predictors = replace(predictors, trees=5)
        return replace(entry, fit=predictors.fit, fit_predict=predictors.fit_predict)
    if isinstance(predictors, JointMethod):
        predictors = JointMethod(short_joint(predictors.recipe))
        return replace(entry, fit=predictors.fit)
    changes = {"recipe": short(predictors.recipe), "resized": False}
    if first := predictors.pretraining:
        teacher = short_teacher() if first.teacher else None
        changes["pretraining"] = replace(first, steps=2, teacher=teacher)
    predictors = replace(predictors, **changes)
    return replace(entry, fit=predictors.fit, fit_predict=predictors.fit_predict)


def short_joint(recipe):
    small = HypernetworkSettings(hidden=8, layers=1, channels=8)
    predictor = replace(short(recipe.predictor), epochs=1)
    return replace(recipe, predictor=predictor, hypernetwork=small, images=16)


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Make all training short, the cache empty, and CIFAR-10 small and random."""
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    for id, entry in METHODS.items():
        if entry.chapter == "hypernas" or isinstance(getattr(entry.fit, "__self__", None), Forest):
            monkeypatch.setitem(METHODS, id, quick_version(entry))
    for registry in (RECIPES, CANDIDATES):
        for name, recipe in registry.items():
            monkeypatch.setitem(registry, name, short(recipe))
    for name, recipe in JOINT.items():
        monkeypatch.setitem(JOINT, name, short_joint(recipe))
    monkeypatch.setattr(experiments, "SHORT", {scale: {} for scale in experiments.SHORT})
    few = {scale: plan | {"images": 16} for scale, plan in experiments.TARGETS.items()}
    monkeypatch.setattr(experiments, "TARGETS", few)
    noise = torch.randn(200, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    images = Images(noise, torch.arange(200) % 10)
    monkeypatch.setattr(auxiliary, "cifar10_images", lambda size, device: (images, images))

    def few_images(*arguments, **options):
        task = auxiliary.load_auxiliary(*arguments, **options)
        return replace(task, valid=task.valid[:20])

    monkeypatch.setattr(experiments, "load_auxiliary", few_images)
    pretraining.pretrain.cache_clear()
    yield
    pretraining.pretrain.cache_clear()


@pytest.fixture(scope="session")
def digits():
    return BENCHMARKS["nb201-digits"]
