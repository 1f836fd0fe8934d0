"""What the page shows of published figures: empty before, right after."""

import json
import re

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from nasutils.methods.leaderboard import grid, tables
from nasutils.report import PublishedResults
from nasutils.study.results import COLUMNS, results_file, write_metrics

RIVALS = {"baselines/Trees": 0.5, "leaderboard/Ours": 0.7, "hypernas/NP": 0.6}


def line(item, row, column, metric, value, seed=0, note=""):
    known = {"paper": "leaderboard", "scale": "bench", "seconds": 1.0, "device": "cpu"}
    rest = {"item": item, "row": row, "column": column, "metric": metric, "note": note}
    return {**dict.fromkeys(COLUMNS, ""), **known, **rest, "seed": seed, "value": value}


@pytest.fixture
def published(tmp_path):
    lines = [
        line("ranking", row, f"{id}/100", metric, tau + 0.01 * seed, seed)
        for row, tau in RIVALS.items()
        for id in grid.BENCHMARKS
        for seed in range(3)
        for metric in ("kendall_tau", "seconds")
    ]
    lines += [
        line("ranking", "baselines/SNIP", "nb201-digits/0", metric, 0.1)
        for metric in ("kendall_tau", "seconds")
    ]
    lines.append(
        line("empty", "baselines/SNIP", "vit-c100/0", "empty", 1, note="no public proxies")
    )
    path = results_file("leaderboard", tmp_path)
    path.parent.mkdir(parents=True)
    write_metrics(path, lines)
    return PublishedResults("leaderboard", root=tmp_path)


@pytest.fixture
def nothing(tmp_path):
    return PublishedResults("leaderboard", root=tmp_path)


def test_the_board_has_the_best_first_and_those_without_labels(published):
    frame = tables.board(published, 100).frame
    assert frame["Method"].iloc[0] == "Ours (this chapter)"
    assert frame.set_index("Method")["Mean place"]["SNIP"] == "1.00"
    assert frame.set_index("Method").loc["SNIP", "ViT CIFAR-100"] == ""


def test_empty_cells_have_their_reason(published):
    assert tables.empty_cells(published).frame.to_numpy().tolist() == [
        ["no public proxies", "ViT CIFAR-100", "SNIP"]
    ]


def test_ranks_are_of_those_that_run_everywhere(published):
    found, number = tables.comparison(published, 100)
    assert number == len(grid.BENCHMARKS)
    assert [*found.mean_ranks] == [1, 2, 3]
    assert found.is_significant


def test_the_contrast_is_with_every_rival(published):
    rivals = {gain.second for contrast in tables.contrasts(published) for gain in contrast.gains}
    assert rivals == {"baselines/Trees", "hypernas/NP"}


def test_the_chooser_has_all_figures_and_a_picture(published):
    page = tables.Chooser.of(published, Figure())._repr_html_()
    text = re.search('data-figures="(.*?)"', page)[1].replace("&quot;", '"')
    figures = json.loads(text)
    assert len(figures) == len(RIVALS) * len(grid.BENCHMARKS) + 1
    assert {each["labels"] for each in figures} == {0, 100}
    assert "data:image/png;base64," in page


def test_everything_can_be_shown_before_publication(nothing):
    assert tables.comparison(nothing, 100) is None
    for table in (
        tables.board(nothing, 100), tables.empty_cells(nothing), tables.goals(nothing),
        tables.ablation(nothing), tables.found(nothing), tables.carried(nothing),
    ):  # fmt: skip
        repr(table)
    figure = tables.draw_board(nothing, "nb201-c10", 100)
    assert repr(tables.Chooser.of(nothing, figure)) == "0 figures to choose from"
    _, axes = plt.subplots(1, 3)
    tables.draw_searches(list(axes), nothing)
    tables.draw_costs(axes[0], nothing, "nb201-c10")
    plt.close("all")
    assert len(tables.claims(nothing)) == 6
