"""Numeric settings refuse what lies outside their ranges, whichever recipe they belong to."""

from dataclasses import dataclass, replace
from math import inf, nan
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasutils.errors import NasutilsError
from nasutils.methods.common.flat_parameters import Schedule
from nasutils.methods.common.vgae import VGAESchedule
from nasutils.methods.hypernas.encoder import EncoderSettings
from nasutils.methods.hypernas.hypernetwork import HypernetworkSettings
from nasutils.methods.hypernas.joint import JointRecipe
from nasutils.methods.hypernas.methods import NetworkMethod
from nasutils.methods.hypernas.predictor import Recipe
from nasutils.methods.hypernas.pretraining import Pretraining
from nasutils.methods.hypernas.teacher import TeacherSettings
from nasutils.methods.transferable.encoder import GraphEncoderSettings
from nasutils.methods.transferable.pretraining import ContrastiveRecipe
from nasutils.methods.transferable.search import EvolutionSettings
from nasutils.methods.transferable.transfer_predictor import FitRecipe, TransferRecipe
from nasutils.methods.up_nas.methods import UnifiedProxy
from nasutils.settings import Count, Range, Share, check_ranges, ranges
from nasutils.training import classifiers

SETTINGS = [
    Schedule(1, 1, 0.1),
    VGAESchedule(),
    EncoderSettings(),
    HypernetworkSettings(),
    JointRecipe(),
    NetworkMethod(Recipe()),
    Recipe(),
    Pretraining(),
    TeacherSettings(),
    GraphEncoderSettings(),
    ContrastiveRecipe(),
    EvolutionSettings(1, 1, 1, 1),
    FitRecipe(),
    TransferRecipe(),
    UnifiedProxy(),
    classifiers.Schedule(1, 1),
]
FIELDS = [
    pytest.param(settings, name, id=f"{type(settings).__module__}.{type(settings).__name__}.{name}")
    for settings in SETTINGS
    for name in ranges(type(settings))
]
NO_NUMBERS = st.sampled_from(["1", True, [1], (), nan, 1j])


def outside(allowed: Range) -> st.SearchStrategy:
    """Numbers below and above a range, and its open ends."""
    below = st.floats(max_value=allowed.low, exclude_max=not allowed.open_low)
    if allowed.high == inf:
        return below | st.just(inf) if allowed.open_high else below
    return below | st.floats(min_value=allowed.high, exclude_min=not allowed.open_high)


@pytest.mark.parametrize(("settings", "name"), FIELDS)
@given(data=st.data())
def test_a_setting_outside_its_range_is_refused_by_name(
    settings: object, name: str, data: st.DataObject
) -> None:
    kind, allowed, _ = ranges(type(settings))[name]
    numbers = st.integers(max_value=int(allowed.low) - 1) if kind is int else outside(allowed)
    value = data.draw(numbers | NO_NUMBERS | (st.just(1.5) if kind is int else NO_NUMBERS))
    with pytest.raises(NasutilsError, match=f"{type(settings).__name__}: {name} must be "):
        replace(settings, **{name: value})


@dataclass(frozen=True)
class Sizes:
    layers: Count
    share: Share = 0.0
    limit: Count | None = None
    power: Annotated[float, Range(1, open_high=True)] = 1.0

    def __post_init__(self) -> None:
        check_ranges(self)


def test_the_ends_of_a_range_belong_to_it_unless_they_are_open() -> None:
    assert Sizes(1, 0.0).share == 0
    assert Sizes(1, 1.0, limit=1, power=1.0).limit == 1
    for bad in ({"share": 1.0001}, {"power": inf}, {"power": 0.99}, {"limit": 0}):
        with pytest.raises(NasutilsError):
            Sizes(1, **bad)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"layers": 0}, "Sizes: layers must be a whole number, at least 1, not 0."),
        ({"share": -0.5}, "Sizes: share must be at least 0 and at most 1, not -0.5."),
        ({"limit": 0.5}, "Sizes: limit must be a whole number, at least 1 or None, not 0.5."),
        ({"power": inf}, "Sizes: power must be at least 1 and finite, not inf."),
    ],
)
def test_the_message_has_the_value_and_the_range(bad: dict, message: str) -> None:
    with pytest.raises(NasutilsError) as caught:
        Sizes(**{"layers": 1, **bad})
    assert str(caught.value) == message
