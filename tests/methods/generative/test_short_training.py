from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nasutils.errors import UnknownNameError
from nasutils.methods.generative import short_training
from nasutils.methods.generative.short_training import TRAININGS, short_accuracies, train_network
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.graphnet_sequence import GraphNetSequence, SizedCell
from nasutils.training.classifiers import Schedule

CONV = GraphNetCell.from_string("|conv_3x3~0|+|output~0~1|")
SKIP = GraphNetCell(np.eye(3, k=1), ["skip"])
SHORT = replace(TRAININGS["demo"], images=200, schedule=Schedule(epochs=1, batch_size=40))


def sequence(cell):
    return GraphNetSequence([SizedCell(cell, 8), SizedCell(cell, 16, 2)])


def test_a_network_learns():
    schedule = Schedule(epochs=8, batch_size=40)
    found = train_network(sequence(CONV), replace(SHORT, images=1_000, schedule=schedule), seed=3)
    assert found["test"] > 30  # chance: 10
    assert found["valid"] > 25


def test_training_repeats_by_its_seed():
    one, same, other = (train_network(sequence(CONV), SHORT, seed) for seed in (0, 0, 1))
    assert (one["valid"], one["test"]) == (same["valid"], same["test"])
    assert one["test"] != other["test"]


def test_each_network_is_trained_once(monkeypatch, tmp_path):
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    trained = []

    def quick(sequence, training, seed):
        trained.append(sequence)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return {"valid": 1.0, "test": float(len(trained)), "seconds": 0.1}

    monkeypatch.setattr(short_training, "train_network", quick)
    wanted = [sequence(CONV), sequence(SKIP), sequence(CONV)]
    with pytest.raises(KeyboardInterrupt):
        short_accuracies(wanted, SHORT)
    frame = short_accuracies(wanted, SHORT)
    assert trained == [wanted[0], wanted[1], wanted[1]]
    assert list(frame["test"]) == [1, 3, 1]
    pd.testing.assert_frame_equal(short_accuracies(wanted, SHORT), frame)
    assert len(trained) == 3


def test_an_unknown_task():
    with pytest.raises(UnknownNameError, match="data set 'mnist'"):
        train_network(sequence(CONV), replace(SHORT, task="mnist"), 0)
