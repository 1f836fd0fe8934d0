"""Encoders from the cache: the same as trained ones, and never somebody else's."""

from dataclasses import replace

import pytest
import torch

from nasutils.methods.transferable import pretraining
from nasutils.methods.transferable.encoder import GraphEncoderSettings
from nasutils.methods.transferable.pretraining import ContrastiveRecipe, pretrain

RECIPE = ContrastiveRecipe(
    encoder=GraphEncoderSettings(embedding=16, node=8, gnn_layers=1, transformer_layers=1),
    epochs=2,
    batch_size=12,
    near=2,
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining, "cache_dir", lambda: tmp_path)
    return tmp_path / "encoders"


@pytest.fixture
def trainings(monkeypatch):
    """Count how often something is trained."""
    counted = []

    def counting(*args, **options):
        counted.append(options["seed"])
        return pretrain(*args, **options)

    monkeypatch.setattr(pretraining, "pretrain", counting)
    return counted


def weights(found):
    return [*found.encoder.parameters(), *found.head.parameters()]


def test_the_second_time_nothing_is_trained(tiny_sets, cache, trainings):
    first, second = (pretraining.pretrained(tiny_sets, RECIPE, seed=1) for _ in range(2))
    assert trainings == [1]
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))
    assert second.losses.tolist() == first.losses.tolist()
    assert not any(p.requires_grad for p in weights(second))


def test_another_recipe_seed_or_graph_is_another_encoder(tiny_sets, cache, trainings):
    pretraining.pretrained(tiny_sets, RECIPE, seed=1)
    pretraining.pretrained(tiny_sets, RECIPE, seed=2)
    pretraining.pretrained(tiny_sets, replace(RECIPE, temperature=0.2), seed=1)
    pretraining.pretrained(tiny_sets[::-1], RECIPE, seed=1)
    assert trainings == [1, 2, 1, 1]
    assert len(list(cache.glob("*.pt"))) == 4


def test_a_damaged_file_is_replaced(tiny_sets, cache, trainings):
    pretraining.pretrained(tiny_sets, RECIPE, seed=1)
    (path,) = cache.glob("*.pt")
    for damaged in (b"", path.read_bytes()[:500]):
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match="is damaged .*made again"):
            pretraining.pretrained(tiny_sets, RECIPE, seed=1)
    pretraining.pretrained(tiny_sets, RECIPE, seed=1)
    assert len(trainings) == 3


def test_a_file_that_lacks_something_is_replaced(tiny_sets, cache, trainings):
    pretraining.pretrained(tiny_sets, RECIPE, seed=1)
    (path,) = cache.glob("*.pt")
    state = torch.load(path, weights_only=True)
    torch.save({"model": state["model"]}, path)
    with pytest.warns(UserWarning, match="is damaged .*made again"):
        assert len(pretraining.pretrained(tiny_sets, RECIPE, seed=1).losses) == 2
    assert len(trainings) == 2


def test_a_cache_that_cannot_be_written_loses_nothing(tiny_sets, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setattr(pretraining, "cache_dir", lambda: blocked)
    with pytest.warns(UserWarning, match="cannot keep"):
        found = pretraining.pretrained(tiny_sets, RECIPE, seed=1)
    assert len(found.losses) == 2
