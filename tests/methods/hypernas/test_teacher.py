"""A hypernetwork as teacher: it makes networks that work, repeats, and is cached for what it is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nasutils.errors import NasutilsError
from nasutils.methods.hypernas import teacher
from nasutils.methods.hypernas.auxiliary import load_auxiliary
from nasutils.methods.hypernas.joint import JointRecipe
from nasutils.methods.hypernas.teacher import (
    ALONE,
    TeacherSettings,
    evaluate_generated_networks,
    generated_networks,
)

SPACE = "nb201_digits"


def settings(cells, epochs, images=200):
    recipe = replace(ALONE, predictor=replace(ALONE.predictor, epochs=epochs), images=32)
    return TeacherSettings(cells, images, recipe)


@pytest.fixture(scope="module")
def auxiliary():
    return load_auxiliary(SPACE)


def test_generated_networks_do_better_than_guessing(auxiliary):
    found = evaluate_generated_networks(SPACE, auxiliary, settings(cells=40, epochs=10))
    assert found["arch"].nunique() == len(found) == 40
    assert found["accuracy"].mean() > 15  # of ten classes, after a hundred steps
    assert found["cross_entropy"].mean() < np.log(10)


def test_repeats_and_differs_by_the_seed(auxiliary):
    few = settings(cells=6, epochs=1)
    first, again, other = (
        evaluate_generated_networks(SPACE, auxiliary, few, seed) for seed in (0, 0, 1)
    )
    assert first.equals(again)
    assert (first["arch"] != other["arch"]).any()


def test_images_to_evaluate_on_teach_nothing(auxiliary):
    few = settings(cells=6, epochs=2)
    shifted = replace(auxiliary.valid, labels=(auxiliary.valid.labels + 1) % 10)
    plain, other = (
        evaluate_generated_networks(SPACE, each, few)
        for each in (auxiliary, replace(auxiliary, valid=shifted))
    )
    # The same networks say the same; labels that are all wrong cannot suit them as well.
    assert other["cross_entropy"].mean() > plain["cross_entropy"].mean()


def test_cached_for_one_task_setting_and_seed(auxiliary, monkeypatch, tmp_path):
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path))
    asked = []

    def evaluate(*arguments, **_):
        asked.append(arguments)
        figures = {"accuracy": [10.0 + len(asked)], "cross_entropy": [2.3]}
        return pd.DataFrame({"arch": ["a"], **figures})

    monkeypatch.setattr(teacher, "evaluate_generated_networks", evaluate)
    few = settings(cells=6, epochs=1)
    first = generated_networks(SPACE, auxiliary, few)
    assert generated_networks(SPACE, auxiliary, few).equals(first)
    assert len(asked) == 1
    smaller = replace(
        auxiliary, train=replace(auxiliary.train, images=auxiliary.train.images[..., :4])
    )
    for arguments in ((auxiliary, few, 1), (auxiliary, replace(few, images=9)), (smaller, few)):
        assert not generated_networks(SPACE, *arguments).equals(first)
    assert len(asked) == 4


def test_bad_settings():
    for few in ({"cells": 1}, {"images": 0}):
        with pytest.raises(NasutilsError, match="must be a whole number"):
            TeacherSettings(**few)
    with pytest.raises(NasutilsError, match="variant is hypernas_h or ghn"):
        TeacherSettings(recipe=JointRecipe())
