"""What a chapter shows: the paper's numbers beside ours, and the one plot style."""

import html
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.io.formats.style import Styler

from nasutils.data.paper_numbers import METRICS, load_paper_numbers
from nasutils.data.paper_numbers import PAPERS as PRINTED
from nasutils.errors import DataError, UnknownNameError
from nasutils.study.results import PAPERS, load_results
from nasutils.study.scales import Scale

# Dark to light in steps that grey keeps apart (lightness 24, 44, 56, 69, 82), and chosen among
# hues that the colour-blind tell apart. Lines differ by dash as well.
PALETTE = ("#332288", "#117733", "#CC6677", "#66B2D9", "#DDCC77")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
WIDTH = 6.8  # inches, the text column of a page

# Short headings for the columns of tables, by what stands before the slash.
_TITLES = {
    "nb101-c10": "NB101 CIFAR-10",
    "nb201-c10": "NB201 CIFAR-10",
    "nb201-c100": "NB201 CIFAR-100",
    "nb201-in16": "NB201 ImageNet16",
    "nb201-digits": "NB201-Digits",
    "nb301": "NB301",
    "darts-c10": "DARTS CIFAR-10",
    "darts-imagenet": "DARTS ImageNet",
    "mbv3-imagenet": "MobileNetV3 ImageNet",
    "vit-imagenet": "ViT ImageNet",
    "c10": "CIFAR-10",
    "c100": "CIFAR-100",
    "imagenet": "ImageNet",
}
_MEASURES = {
    "kendall_tau": "Kendall τ",
    "spearman": "Spearman ρ",
    "valid_accuracy": "validation (%)",
    "test_accuracy": "test (%)",
    "test_accuracy_min": "test, min (%)",
    "test_accuracy_mean": "test, mean (%)",
    "test_accuracy_max": "test, max (%)",
    "accuracy": "accuracy (%)",
    "test_error": "test error (%)",
    "top1_accuracy": "top-1 (%)",
    "top5_accuracy": "top-5 (%)",
    "top1_error": "top-1 error (%)",
    "success_rate": "valid (%)",
    "params_m": "params (M)",
    "flops_m": "FLOPs (M)",
    "gpu_days": "GPU days",
    "search_gpu_hours": "search (GPU h)",
    "pretrain_gpu_hours": "once before (GPU h)",
    "seconds": "time (s)",
}
_TABLE_STYLES = [
    {"selector": "", "props": "font-variant-numeric: tabular-nums"},
    {"selector": "td", "props": "text-align: right; white-space: nowrap"},
    {"selector": "th.row_heading", "props": "text-align: left"},
    {"selector": "th.col_heading", "props": "text-align: right"},
    {"selector": "caption", "props": "caption-side: bottom; text-align: left"},
]
_KEYS = ("column", "metric", "source")  # what heads a column of a table
_SMALLER_IS_BETTER = {"test_error", "top1_error", "nb360_error", "rank"}
_DIGITS = {"weight": 2}
_BIGGER_IS_BETTER = {"kendall_tau", "spearman", "success_rate"}


@dataclass(frozen=True)
class Summary:
    """A published figure over its seeds; ``str`` gives ``0.712 ± 0.004`` with the metric's digits.

    Attributes:
        mean: Mean over the seeds.
        std: Sample standard deviation; NaN for one seed.
        seeds: Number of seeds.
        metric: What is measured, which sets digits and unit.
    """

    mean: float
    std: float
    seeds: int
    metric: str

    def __str__(self) -> str:
        return format_number(self.mean, self.metric, std=self.std)


def published(
    paper: str,
    *,
    item: str,
    row: str,
    column: str,
    metric: str,
    scale: str = "",
    chapter: str = "",
    root: Path | None = None,
) -> Summary:
    """Return one published figure, for a sentence or an assertion.

    Args:
        paper: The paper's short name.
        item: ``table2``, ``fig4``...
        row: The method.
        column: Benchmark and split.
        metric: What is measured.
        scale: The scale; the largest that is published, where "".
        chapter: The chapter that published it; the paper's own, where "".
        root: The checkout; the one around the working folder, where None.

    Raises:
        DataError: If no such figure is published.
    """
    frame = _ours(paper, item, scale, chapter, root)
    wanted = (frame["row"] == row) & (frame["column"] == column) & (frame["metric"] == metric)
    values = frame.loc[wanted, "value"]
    if values.empty:
        raise DataError(
            f"no published figure {item}, {row}, {column}, {metric} of {chapter or paper}"
            f"{f' at {scale}' if scale else ''}: run and publish it (nasutils publish --help)."
        )
    return Summary(values.mean(), values.std(), len(values), metric)


def paper_table(
    paper: str,
    item: str,
    *,
    metric: str = "",
    scale: str = "",
    rows: str = "all",
    chapter: str = "",
    root: Path | None = None,
) -> "PaperTable":
    """Set a table of a paper beside our published results.

    A row a method, in the paper's order, ours alone after them; under every benchmark the paper's
    figure and our mean ± standard deviation over seeds, the best of each in bold. The caption
    says scale, seeds, device, wall time, version, and the command that repeats it.

    Args:
        paper: The paper's short name.
        item: ``table1``, ``table2``...
        metric: Only this metric; all of the table's, where "".
        scale: The scale of our figures; the largest that is published, where "".
        rows: ``all``, or ``ours`` for the methods that we ran.
        chapter: The chapter that published ours; the paper's own, where "".
        root: The checkout; the one around the working folder, where None.

    Raises:
        UnknownNameError: If the paper has no such table, or it has no such metric.
    """
    if rows not in ("all", "ours"):
        raise UnknownNameError("choice of rows", rows, ("all", "ours"))
    theirs = _theirs(paper)
    ours = _ours(paper, item, scale, chapter, root)
    if item not in {*theirs["item"], *ours["item"]}:
        raise UnknownNameError(f"item of {paper}", item, set(theirs["item"]) or {"(none)"})
    theirs = theirs[theirs["item"] == item]
    if metric:
        known = {*theirs["metric"], *ours["metric"]}
        if metric not in known:
            raise UnknownNameError(f"metric of {paper} {item}", metric, known)
        theirs, ours = theirs[theirs["metric"] == metric], ours[ours["metric"] == metric]
    cells = pd.concat([theirs.assign(source="paper"), _summarised(ours).assign(source="ours")])
    if rows == "ours":
        cells = cells[cells["row"].isin(ours["row"])]
    # A fixed name, so that a notebook run again has the same output.
    return _styled(cells, _caption(ours), f"{paper}-{item}")


def format_number(value: float, metric: str = "", *, std: float = float("nan")) -> str:
    """Write a figure with its metric's digits and unit, and its deviation if there is one.

    >>> format_number(0.7123, "kendall_tau", std=0.0041)
    '0.712 ± 0.004'
    >>> format_number(94.373, "test_accuracy")
    '94.37 %'
    """
    digits = _digits(metric)
    text = _plain(value, digits) + ("" if np.isnan(std) else f" ± {_plain(std, digits)}")
    return text + (" %" if _is_percent(metric) else "")


def glue(name: str, value: object) -> None:
    """Hand a figure to the page's prose, which shows it as ``{glue}`; without a page, print it."""
    try:
        from IPython import get_ipython
        from myst_nb import glue as onto_page
    except ImportError:
        print(f"{name} = {value}")
        return
    if get_ipython() is None:
        print(f"{name} = {value}")
    else:
        onto_page(name, str(value) if isinstance(value, Summary) else value, display=False)


def paired_interval(
    ours: ArrayLike, other: ArrayLike, *, rng: np.random.Generator, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean difference of two methods.

    Args:
        ours: Shape (S,): one figure a seed.
        other: The other method's, under the same seeds in the same order.
        rng: Source of the resampling.
        confidence: Share of such intervals that hold the true difference.

    Raises:
        DataError: If the shapes differ or there are fewer than two seeds.
    """
    from scipy.stats import bootstrap

    first, second = np.asarray(ours, dtype=float), np.asarray(other, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or len(first) < 2:
        raise DataError(
            f"figures of shapes {first.shape} and {second.shape} cannot be paired: "
            "one a seed is needed, of the same two or more seeds."
        )
    found = bootstrap(
        (first - second,), np.mean, confidence_level=confidence, method="percentile", rng=rng
    ).confidence_interval
    return float(found.low), float(found.high)


def use_style() -> None:
    """Set the plot style of the book: quiet axes, readable in grey and by the colour-blind.

    Figures are opaque white, so that dark pages show them as they are.
    """
    import matplotlib as mpl
    import seaborn as sns
    from cycler import cycler

    sns.set_theme(
        context="notebook",
        style="ticks",
        palette=PALETTE,
        rc={
            "figure.figsize": figure_size(),
            "figure.dpi": 110,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "savefig.dpi": 160,
            "savefig.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.linewidth": 0.8,
            "axes.titlesize": 10.5,
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "xtick.major.width": 0.8,
            "ytick.major.width": 0.8,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "grid.color": "0.9",
            "grid.linewidth": 0.8,
            "legend.fontsize": 9,
            "legend.title_fontsize": 9,
            "legend.framealpha": 0.85,
            "legend.edgecolor": "none",
            "lines.linewidth": 1.8,
            "image.cmap": "cividis",
        },
    )
    mpl.rcParams["axes.prop_cycle"] = cycler(color=PALETTE) + cycler(linestyle=DASHES)


def figure_size(width: float = 1.0, aspect: float = 0.58) -> tuple[float, float]:
    """Return a figure's size in inches.

    Args:
        width: Share of the text column.
        aspect: Height over width.
    """
    return WIDTH * width, WIDTH * width * aspect


def _theirs(paper: str) -> pd.DataFrame:
    """Return the paper's figures; chapter 0 has no paper, hence none."""
    if paper not in PAPERS:
        raise UnknownNameError("paper", paper, PAPERS)
    return load_paper_numbers(paper) if paper in PRINTED else load_paper_numbers().iloc[:0]


def _ours(paper: str, item: str, scale: str, chapter: str, root: Path | None) -> pd.DataFrame:
    """Return the published figures of an item, at one scale."""
    frame = load_results(chapter or paper, root)
    frame = frame[(frame["paper"] == paper) & (frame["item"] == item)]
    scales = [Scale(scale)] if scale else [s for s in Scale if s in set(frame["scale"])]
    return frame[frame["scale"] == scales[-1]] if scales else frame


def _summarised(ours: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over the seeds."""
    groups = ours.groupby(["row", "column", "metric"], sort=False)["value"]
    return groups.agg(value="mean", std="std").reset_index()


class PaperTable(Styler):
    """A styled table that a terminal shows as text, the same in every run."""

    def __repr__(self) -> str:
        return self.data.to_string()


def _styled(cells: pd.DataFrame, caption: str, uuid: str) -> PaperTable:
    texts, weights = _texts(cells)
    if cells["metric"].nunique() == 1:
        texts.columns = weights.columns = texts.columns.droplevel(1)
        metric = cells["metric"].iloc[0]
        caption = f"{html.escape(METRICS.get(metric, metric))}. {caption}"
    return (
        PaperTable(texts)
        .apply(lambda _: weights, axis=None)
        .format(escape="html")
        .format_index(escape="html")
        .set_caption(caption)
        .set_uuid(uuid)
        .set_table_attributes('class="paper-table"')
        .set_table_styles(_TABLE_STYLES)
    )


def _texts(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the written figures, and the CSS that makes the best of a column bold."""
    texts: dict[tuple, dict[str, str]] = {}
    weights: dict[tuple, dict[str, str]] = {}
    for (column, metric, source), group in cells.groupby([*_KEYS], sort=False):
        head = _head(column, metric, source)
        digits = _printed_digits(group["value"]) if source == "paper" else _digits(metric)
        best = _best(group["value"], metric) if len(group) > 1 else None
        texts[head], weights[head] = {}, {}
        for row, value, std in group[["row", "value", "std"]].itertuples(index=False):
            deviation = "" if np.isnan(std) else f" ± {_plain(std, digits)}"
            texts[head][row] = _plain(value, digits) + deviation
            weights[head][row] = "font-weight: bold" if value == best else ""
    rows, columns = cells["row"].unique(), pd.MultiIndex.from_tuples(_heads(cells))
    written, weight = (pd.DataFrame(each, rows, columns).fillna("") for each in (texts, weights))
    return written, weight


def _heads(cells: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the headings, in the paper's order, what belongs together side by side."""
    order = {key: {name: n for n, name in enumerate(cells[key].unique())} for key in _KEYS}
    found = cells[[*_KEYS]].drop_duplicates().itertuples(index=False)
    ranked = sorted(found, key=lambda names: [order[k][n] for k, n in names._asdict().items()])
    return [_head(*names) for names in ranked]


def _head(column: str, metric: str, source: str) -> tuple[str, str, str]:
    name, slash, split = column.partition("/")
    title = _TITLES.get(name, name) + (f" / {split}" if slash else "")
    return title, _MEASURES.get(metric, metric.replace("_", " ")), source


def _caption(ours: pd.DataFrame) -> str:
    """Return where our figures come from, as HTML."""
    if ours.empty:
        return "The paper's figures; ours are not published yet."
    counts = ours.groupby(["row", "column", "metric"]).size()
    low, high = int(counts.min()), int(counts.max())
    seeds = f"{low} to {high} seeds" if low < high else f"{low} seed{'s' * (low > 1)}"
    devices = html.escape(" and ".join(sorted(ours["device"].unique())))
    versions = html.escape(", ".join(sorted(ours["version"].unique())))
    jobs = ours["job"].unique()
    command = f"<code>{html.escape(jobs[0])}</code>" + (
        f" and {len(jobs) - 1} more" * (len(jobs) > 1)
    )
    return (
        f"Ours: scale {ours['scale'].iloc[0]}, {seeds} (mean ± standard deviation), {devices}, "
        f"{_duration(ours['seconds'].sum())}, nasutils {versions}. Repeat: {command}"
    )


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _best(values: pd.Series, metric: str) -> float | None:
    """Return the best value, or None where no direction is better, as for parameters."""
    if metric in _SMALLER_IS_BETTER:
        return values.min()
    return values.max() if metric in _BIGGER_IS_BETTER or "accuracy" in metric else None


def _plain(value: float, digits: int | None) -> str:
    """Write a number with a true minus sign; four significant digits where none are set."""
    if digits is None:
        text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    else:
        text = f"{value:.{digits}f}"
    return text.replace("-", "−")


def _digits(metric: str) -> int | None:
    if metric in _DIGITS:
        return _DIGITS[metric]
    if "fraction" in METRICS.get(metric, ""):
        return 3
    return 2 if _is_percent(metric) else None


def _printed_digits(values: pd.Series) -> int:
    """Return the decimals that the paper printed in a column."""
    return max(len(f"{value:.10g}".partition(".")[2]) for value in values)


def _is_percent(metric: str) -> bool:
    return METRICS.get(metric, "").endswith("percent")
