"""The truth table of verdicts, and how a page shows them."""

import itertools
import math

import pytest

from nasutils.errors import NasutilsError
from nasutils.report.verdicts import Claim, Effect, Evidence, Verdict, claims_table, verdict

FIGURE = 0.10
EVIDENCE = {
    Evidence.REACHED: (0.05, 0.15),
    Evidence.MISSED: (0.01, 0.05),
    Evidence.OPEN: (-0.05, 0.15),
    Evidence.ABSENT: (-0.05, 0.05),
    Evidence.OPPOSITE: (-0.15, -0.05),
    Evidence.NONE: None,
}
EFFECTS = {name: Effect(interval, FIGURE) for name, interval in EVIDENCE.items()}
DEVIATIONS = [
    {},
    {"changes": "our schedule"},
    {"data": "292 cells"},
    {"reduced": "8 channels"},
    {"changes": "our schedule", "data": "292 cells", "reduced": "8 channels"},
]


def claim(*evidence, **deviations):
    return Claim("A", "B", "C", tuple(EFFECTS[each] for each in evidence), **deviations)


@pytest.mark.parametrize(("name", "interval"), EVIDENCE.items())
def test_evidence_of_one_effect(name, interval):
    assert Effect(interval, FIGURE).evidence == name
    # The same, where less is claimed and no effect is another value.
    turned = interval and (1 - interval[1], 1 - interval[0])
    assert Effect(turned, 1 - FIGURE, no_effect=1, direction=-1).evidence == name


@pytest.mark.parametrize(
    ("interval", "smallest", "evidence"),
    [
        ((0.01, 0.02), 0, Evidence.REACHED),
        ((0.01, 0.02), 0.1, Evidence.REACHED),
        ((-0.01, 0.02), 0, Evidence.OPEN),  # nobody has said how much would matter
        ((-0.01, 0.02), 0.1, Evidence.ABSENT),  # a tie
        ((-0.01, 0.2), 0.1, Evidence.OPEN),
        ((-0.02, 0), 0, Evidence.ABSENT),
        ((0, 0), 0, Evidence.ABSENT),
        ((-0.02, -0.01), 0, Evidence.OPPOSITE),
        ((-math.inf, math.inf), 0.1, Evidence.OPEN),
    ],
)
def test_evidence_where_the_paper_gives_no_figure(interval, smallest, evidence):
    assert Effect(interval, smallest=smallest).evidence == evidence


@pytest.mark.parametrize(
    ("interval", "evidence"),
    [
        ((94.31, 94.31), Evidence.ABSENT),
        ((94.315, 94.315), Evidence.REACHED),
        ((94.325, 94.4), Evidence.REACHED),
        ((94.33, 94.4), Evidence.ABSENT),
        ((-math.inf, math.inf), Evidence.OPEN),
        (None, Evidence.NONE),
    ],
)
def test_evidence_of_a_figure_without_direction(interval, evidence):
    assert Effect(interval, 94.32, 0.005000001, direction=0).evidence == evidence


def test_effects_from_figures():
    effect = Effect.of([0.5, 0.6, 0.7], "0.64", no_effect=0.3)
    assert effect.interval == pytest.approx((0.352, 0.848), abs=1e-3)
    assert (effect.figure, effect.tolerance, effect.no_effect) == (0.64, 0.005, 0.3)
    assert Effect.of([]).interval is None
    assert Effect.of([0.5]).evidence == Evidence.OPEN  # a single seed decides nothing
    assert Effect.exactly(math.nan, "1").evidence == Evidence.NONE
    assert Effect.exactly(0.9, "1").evidence == Evidence.REACHED  # it rounds to 1


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"interval": (1, 0)}, "no interval"),
        ({"interval": (math.nan, 1)}, "no interval"),
        ({"interval": (0, 1), "direction": 2}, "direction 2"),
        ({"interval": (0, 1), "direction": 0}, "figure"),
    ],
)
def test_no_effect_of_these(attributes, message):
    with pytest.raises(NasutilsError, match=message):
        Effect(**attributes)


@pytest.mark.parametrize("deviations", DEVIATIONS)
@pytest.mark.parametrize(
    ("evidence", "as_published", "otherwise"),
    [
        (Evidence.REACHED, "reproduced", "partly"),
        (Evidence.MISSED, "partly", "partly"),
        (Evidence.OPEN, "undecided", "undecided"),
        (Evidence.ABSENT, "not reproduced", "not confirmed here"),
        (Evidence.OPPOSITE, "not reproduced", "not confirmed here"),
        (Evidence.NONE, "not run", "not run"),
    ],
)
def test_verdicts_of_one_effect(evidence, as_published, otherwise, deviations):
    assert verdict(claim(evidence, **deviations)) == (otherwise if deviations else as_published)


@pytest.mark.parametrize("deviations", DEVIATIONS[:2])
@pytest.mark.parametrize(
    "found", [found for n in range(7) for found in itertools.combinations(Evidence, n)]
)
def test_verdicts_of_several_effects(found, deviations):
    # Written anew, from the words of book/how_to_read.md.
    ran = set(found) - {Evidence.NONE}
    sure = ran & {Evidence.REACHED, Evidence.MISSED}
    if not ran:
        expected = "not run"
    elif Evidence.OPPOSITE in ran or ran == {Evidence.ABSENT}:
        expected = "not confirmed here" if deviations else "not reproduced"
    elif not sure:
        expected = "undecided"
    elif set(found) == {Evidence.REACHED} and not deviations:
        expected = "reproduced"
    else:
        expected = "partly"
    assert verdict(claim(*found, **deviations)) == expected


def test_the_page_defines_each_verdict():
    from nasutils.paths import repository_root

    page = (repository_root() / "book" / "how_to_read.md").read_text(encoding="utf-8")
    assert [each for each in Verdict if f"| **{each}** |" not in page] == []


def test_table_names_what_a_verdict_rests_on():
    claims = [
        claim(Evidence.REACHED),
        claim(Evidence.REACHED, Evidence.REACHED, changes="our schedule", data="292 cells"),
        Claim("A", "B", needs="a GPU"),
        Claim("A", "B", "C", (Effect.exactly(1.0, "1"),), reduced="8 channels"),
    ]
    table = claims_table(claims)
    assert list(table.frame.columns) == ["Claim", "Paper", "Ours", "Verdict"]
    assert table.frame["Ours"].tolist() == ["C [0.05, 0.15]", "C", "", "C"]
    assert table.frame["Verdict"].tolist() == [
        "reproduced",
        "partly (changed: our schedule; data: 292 cells)",
        "not run: needs a GPU",
        "partly (reduced: 8 channels)",
    ]
    assert claims_table([]).frame.empty
