"""The tables, drawings and sentences of the leaderboard, from its published figures."""

import base64
import html
import io
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasutils.benchmarks.registry import get_benchmark
from nasutils.methods.base import METHODS
from nasutils.methods.leaderboard import carry_over, grid
from nasutils.methods.leaderboard.experiments import LITERATURE, QUERIES
from nasutils.methods.leaderboard.methods import ABLATIONS
from nasutils.methods.leaderboard.searches import SEARCHES
from nasutils.metrics.ranks import RankComparison, compare_ranks
from nasutils.report import (
    PALETTE,
    Claim,
    Contrast,
    Effect,
    PublishedResults,
    Table,
    figure_size,
    looks,
    table_of,
)
from nasutils.report.numbers import plain_number
from nasutils.report.published_results import Place

OURS, WITH_NETWORK = "leaderboard/Ours", "leaderboard/Ours + network"
_CHAPTERS = {
    "hypernas": "HyperNAS", "kshot_hypernet": "K-shot", "transferable": "Transferable",
    "up_nas": "UP-NAS", "leaderboard": "this chapter",
}  # fmt: skip
#: What we set out to reach: benchmark and labels -> Kendall's tau.
GOALS = {
    **{f"nb101-c10-sample/{n}": tau for n, tau in ((50, 0.72), (100, 0.76), (172, 0.80),
                                                   (424, 0.84))},
    **{f"nb201-c10/{n}": tau for n, tau in ((39, 0.80), (78, 0.83), (156, 0.85), (469, 0.87),
                                            (781, 0.88), (1563, 0.895))},
}  # fmt: skip

#: Name in the text -> where the figure stands, and how it is written.
SENTENCES: dict[str, tuple[Place, str]] = {
    **{
        f"board-{key}-{id}": (("ranking", row, f"{id}/100", "kendall_tau"), ".2f")
        for key, row in (("ours", OURS), ("trees", "baselines/Trees"))
        for id in ("nb201-c10", "mbv3-imagenet")
    },
    **{
        f"board-{key}-301": (("carry_over", source, "nb301-surrogate", "kendall_tau"), ".2f")
        for key, source in (("carried", "nb201-c10-proxies"), ("own", "nb301-surrogate"))
    },
}


def title_of(id: str) -> str:
    """Return how a page names a method: its name, and its chapter where it has one."""
    chapter, _, name = id.partition("/")
    return f"{name} ({_CHAPTERS[chapter]})" if chapter in _CHAPTERS else name


def heading_of(id: str) -> str:
    """Return how a column names a benchmark."""
    return get_benchmark(id).heading


def at_size(results: PublishedResults, size: int, metric: str = "kendall_tau") -> pd.DataFrame:
    """Return mean figures on so many labels: a row a method, a column a benchmark; NaN for none.

    Methods that learn no labels stand there with what they reach without.
    """
    figures = results.pivot("ranking", metric)
    places = {column: column.rpartition("/")[::2] for column in figures}
    parts = {}
    for id in grid.BENCHMARKS:
        columns = [c for c, (name, n) in places.items() if name == id and n in ("0", str(size))]
        parts[id] = figures[columns].max(axis=1) if columns else np.nan
    return pd.DataFrame(parts, index=figures.index).dropna(how="all").dropna(axis=1, how="all")


def board(results: PublishedResults, size: int) -> Table:
    """Return the leaderboard on so many labels, best mean rank first; an empty cell has no figure.

    A mean rank is over the benchmarks where the method has a figure, as a share of the methods that
    have one there: 0 is best, 1 last.
    """
    figures = at_size(results, size)
    ranks = (figures.rank(ascending=False) - 1) / (figures.count() - 1)
    place = ranks.mean(axis=1).sort_values()
    text = figures.loc[place.index].map(lambda tau: "" if np.isnan(tau) else plain_number(tau, 2))
    text.insert(0, "Mean place", [f"{value:.2f}" for value in place])
    text.index = [title_of(id) for id in text.index]
    text = text.rename(columns={id: heading_of(id) for id in figures})
    return table_of(text, f"board-{size}", "Method")


def empty_cells(results: PublishedResults) -> Table:
    """Return why a method has no figure somewhere, a line a reason."""
    rows = results.rows.query("item == 'empty'")
    rows = rows.assign(Benchmark=[column.partition("/")[0] for column in rows["column"]])
    groups = rows.groupby(["note", "Benchmark"])["row"]
    lines = [
        (note, heading_of(id), ", ".join(sorted({title_of(row) for row in names})))
        for (note, id), names in groups
    ]
    words = ("Why", "Benchmark", "Methods")
    return Table(pd.DataFrame(lines, columns=words), "empty", words=words)


def comparison(
    results: PublishedResults, size: int, like: str = OURS
) -> tuple[RankComparison, int] | None:
    """Compare mean ranks on the benchmarks where a method has a figure, and count these.

    Compared are all methods that have a figure on each of them. None before there are three methods
    on two benchmarks.
    """
    figures = at_size(results, size)
    if like not in figures.index:
        return None
    figures = figures.loc[:, figures.loc[like].notna()].dropna()
    if figures.shape[0] < 3 or figures.shape[1] < 2:
        return None
    return compare_ranks(figures.rename(index=title_of)), figures.shape[1]


def draw_ranks(ax: Axes, found: RankComparison) -> None:
    """Draw mean ranks on a line, with a bar over groups that do not differ (Demšar's diagram)."""
    ranks = found.mean_ranks
    for height, (name, rank) in enumerate(ranks.items(), start=1):
        ax.plot([rank, rank, 1], [0, -height, -height], color="0.6", lw=0.8, ls="-")
        ax.text(1, -height, f"{name}  {rank:.1f} ", ha="right", va="center", fontsize=8)
        ax.plot(rank, 0, "o", color=PALETTE[0], ms=4)
    for level, group in enumerate(found.groups(), start=1):
        ends = ranks[group[0]] - 0.05, ranks[group[-1]] + 0.05
        ax.plot(ends, [0.35 * level] * 2, color=PALETTE[2], lw=3, ls="-")
    ax.set(xlim=(1, len(ranks)), xlabel="mean rank", yticks=[])
    ax.xaxis.set_label_position("top")
    ax.xaxis.tick_top()
    ax.spines[["left", "right", "bottom"]].set_visible(False)


def contrasts(results: PublishedResults, size: int = 100) -> list[Contrast]:
    """Return by how much ours exceeds each rival that learns labels, on each benchmark."""
    rows = [id for id in results.pivot("ranking", "kendall_tau").index if id in METHODS]
    rivals = [id for id in rows if id not in (OURS, WITH_NETWORK) and grid.learns(METHODS[id])]
    columns = [f"{id}/{size}" for id in grid.BENCHMARKS]
    return [results.contrast("ranking", OURS, rival, columns, "kendall_tau") for rival in rivals]


def goals(results: PublishedResults) -> Table:
    """Return what ours reaches where the literature has figures, beside what we set out for."""
    rows = ("baselines/Trees", OURS, WITH_NETWORK)
    texts = {
        f"{heading_of(column.partition('/')[0])} / {column.partition('/')[2]}": {
            "Goal": f"{goal:.3g}",
            **{
                title_of(row): str(results.of("literature", row, column, "kendall_tau"))
                for row in rows
            },
        }
        for column, goal in GOALS.items()
    }
    table = pd.DataFrame(texts).T.replace("?", "")
    return table_of(table, "goals", "Benchmark / labels")


def ablation(results: PublishedResults) -> Table:
    """Return Kendall's tau of what is left of ours, without one part after the other."""
    columns = {
        (column, "kendall_tau"): (f"{heading_of(id)} / {size}", 3)
        for column in results.pivot("ablation", "kendall_tau")
        for id, _, size in [column.partition("/")]
    }
    return table_of(results.spread("ablation", columns, ABLATIONS), "ablation", "Ours")


def draw_searches(axes: list[Axes], results: PublishedResults) -> None:
    """Draw mean regret over queries, a panel a table."""
    figures, styles = results.pivot("search", "regret"), looks(SEARCHES)
    for ax, id in zip(axes, [id for id in QUERIES if id != "nb201-digits"], strict=True):
        lines = figures[[c for c in figures if c.startswith(f"{id}/")]]
        lines.columns = [int(column.rpartition("/")[2]) for column in lines]
        for name, line in lines.dropna(how="all").sort_index(axis=1).iterrows():
            ax.plot(line.index, line, label=name, ms=3, **styles[name])
        ax.set(title=heading_of(id), xlabel="queries")
        ax.set_yscale("symlog", linthresh=0.05)
    axes[0].set_ylabel("regret (points)")
    if axes[0].lines:
        axes[0].legend(fontsize=7)


def found(results: PublishedResults) -> Table:
    """Return what searches found with all queries: regret, and test accuracy of the best told."""
    columns = {}
    for id, queries in QUERIES.items():
        columns[f"{id}/{queries}", "regret"] = (f"{heading_of(id)}: regret", 2)
        columns[f"{id}/{queries}", "test_accuracy"] = (f"{heading_of(id)}: test (%)", 2)
    known = results.spread("search", columns, SEARCHES)
    return table_of(known.loc[:, (known != "").any()], "found", "Search")


def carried(results: PublishedResults) -> Table:
    """Return tau of weights that were learnt on a row's benchmark and judged on a column's."""
    order = [*carry_over.BENCHMARKS]
    taus = results.pivot("carry_over", "kendall_tau")
    taus = taus.reindex(index=[*order, carry_over.EQUAL], columns=order).dropna(how="all")
    text = taus.map(lambda tau: plain_number(tau, 2))
    text.index = [id if id == carry_over.EQUAL else heading_of(id) for id in text.index]
    return table_of(text.rename(columns=heading_of), "carried", "Learnt on")


def draw_costs(ax: Axes, results: PublishedResults, benchmark: str) -> None:
    """Draw tau over the seconds of training and asking, a line a method, a point a label budget."""
    taus, seconds = (results.pivot("ranking", metric) for metric in ("kendall_tau", "seconds"))
    columns = [c for c in taus if c.startswith(f"{benchmark}/")]
    columns.sort(key=lambda column: int(column.rpartition("/")[2]))
    rows = [id for id in taus.index if taus.loc[id, columns].notna().any()]
    best = sorted(rows, key=lambda id: -taus.loc[id, columns].max())[:8]
    for id, look in looks(best).items():
        ax.plot(seconds.loc[id, columns], taus.loc[id, columns], label=title_of(id), ms=4, **look)
    ax.set(xscale="log", xlabel="seconds to train and to ask", ylabel=r"Kendall's $\tau$")
    ax.set_title(heading_of(benchmark))
    ax.tick_params(axis="x", which="minor", labelbottom=False)
    if rows:
        ax.legend(fontsize=7)


def claims(results: PublishedResults) -> list[Claim]:
    """Return what this chapter set out to show, and what became of it."""

    def reached(id: str) -> Claim:
        columns = [column for column in GOALS if column.startswith(f"{id}/")]
        places = [("literature", OURS, column, "kendall_tau") for column in columns]
        said = " / ".join(f"{GOALS[column]:.3g}" for column in columns)
        ours = " / ".join(f"{results.of(*place):.2f}" for place in places)
        effects = [Effect.of(results.by_seed(*p), no_effect=GOALS[p[2]]) for p in places]
        labels = ", ".join(map(str, LITERATURE[id]))
        claim, job = f"{heading_of(id)}, {labels} labels: τ of ours", "leaderboard_literature"
        return Claim(claim, f"over {said}", ours, tuple(effects), needs=f"the job {job}")

    def finds(claim: str, said: str, column: str, metric: str, **attributes: float) -> Claim:
        place = ("search", "Guided by Ours", column, metric)
        effects = (results.effect(*place, **attributes),)
        ours = f"{results.of(*place):.2f}"
        return Claim(claim, said, ours, effects, needs="the job leaderboard_search")

    rivals = [contrast for contrast in contrasts(results) if contrast.gains]
    said = [f"{title_of(each.gains[0].second)}: {each.said('benchmarks')}" for each in rivals]
    others = sum(grid.learns(entry) for entry in METHODS.values()) - 2  # without our own
    everywhere = {gain.where for contrast in rivals for gain in contrast.gains}
    reduced = (
        f"{len(rivals)} of {others} methods, {len(everywhere)} of {len(grid.BENCHMARKS)} tables"
    )
    effects = tuple(effect for contrast in rivals for effect in contrast.effects())
    return [
        Claim("ours ranks better than every other method that learns labels, on 100 labels",
              "no figure", "; ".join(said), effects, reduced=reduced),
        *map(reached, LITERATURE),
        finds("the best cell of NAS-Bench-201 by validation within 40 queries, on all seeds",
              "regret 0", "nb201-c10/40", "regret", printed="0.00", direction=0),
        finds("NAS-Bench-101, whole table: mean test accuracy after 140 queries of it",
              "94.23 % or more", "nb101-test/140", "test_accuracy", no_effect=94.23),
        finds("NAS-Bench-101, 30,001 cells: the best validation accuracy within 140 queries",
              "regret 0", "nb101-valid/140", "regret", printed="0.00", direction=0),
    ]  # fmt: skip


@dataclass(frozen=True)
class Chooser:
    """A ranking whose benchmark and number of labels the reader chooses.

    Where scripts are off, a picture of one of them. The script is ``book/_static/leaderboard.js``.
    """

    figures: list[dict[str, object]]  #: benchmark, labels, method, tau and seconds, one a bar
    picture: Figure  #: what stands there without a script

    @classmethod
    def of(cls, results: PublishedResults, picture: Figure) -> "Chooser":
        """Take all published rankings."""
        taus, seconds = (results.pivot("ranking", metric) for metric in ("kendall_tau", "seconds"))
        figures = []
        for (id, column), tau in taus.stack().dropna().items():
            benchmark, _, labels = column.rpartition("/")
            figures.append(
                {
                    "benchmark": heading_of(benchmark),
                    "labels": int(labels),
                    "method": title_of(id),
                    "tau": round(tau, 3),
                    "seconds": f"{seconds.loc[id, column]:.2g}",
                }
            )
        return cls(figures, picture)

    def _repr_html_(self) -> str:
        image = io.BytesIO()
        self.picture.savefig(image, format="png", bbox_inches="tight")
        data = html.escape(json.dumps(self.figures, ensure_ascii=False))
        picture = base64.b64encode(image.getvalue()).decode()
        return (
            f'<div class="leaderboard" data-figures="{data}">'
            f'<img alt="Methods by Kendall\'s tau" src="data:image/png;base64,{picture}"></div>'
        )

    def __repr__(self) -> str:
        return f"{len(self.figures)} figures to choose from"


def draw_board(results: PublishedResults, benchmark: str, size: int) -> Figure:
    """Draw the methods on one benchmark and number of labels as bars, the best on top."""
    figure = Figure(figsize=figure_size(aspect=0.7))
    ax = figure.subplots()
    figures = at_size(results, size)
    if benchmark in figures:
        taus = figures[benchmark].dropna().sort_values()
        ax.barh([title_of(id) for id in taus.index], taus, color=PALETTE[0])
    ax.set(xlabel=r"Kendall's $\tau$", title=f"{heading_of(benchmark)}, {size} labels")
    ax.tick_params(labelsize=7)
    return figure
