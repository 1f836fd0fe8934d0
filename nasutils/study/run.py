"""One run of a chapter: which of its experiments, at what scale, and the figures they record."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from nasutils.errors import JobError, UnknownNameError
from nasutils.study.declarations import ALL
from nasutils.study.results import Recorder
from nasutils.study.scales import Scale

T = TypeVar("T")


@dataclass(frozen=True)
class Experiment:
    """A table or a figure of a chapter: a function that computes and records it.

    Attributes:
        part: Name of the experiment, as the parameter ``part`` has it.
        version: Raised whenever the same parameters record other figures. A finished job of an
            earlier version has to be run again.
        items: What it records: the ``item`` of its figures.
        function: From a run, and options of its own, to what the page draws.
        benchmarks: Ids that the parameter ``benchmark`` may take; none where empty.
        methods: Rows that the parameter ``method`` may take; none where empty.
        default: Whether ``part=all`` includes it.
        demo: Whether the embedded table is enough for it; else it needs another scale.
    """

    part: str
    version: int
    items: tuple[str, ...]
    function: Callable[..., Any]
    benchmarks: Callable[[], Collection[str]] = tuple
    methods: Callable[[], Collection[str]] = tuple
    default: bool = True
    demo: bool = True

    def __call__(self, run: "Run", **options: Any) -> Any:
        """Compute and record, whatever the run has selected."""
        return self.function(run, **options)


def experiment(
    part: str, version: int, items: tuple[str, ...], **options: Any
) -> Callable[[Callable[..., Any]], Experiment]:
    """Declare the decorated function as an experiment; attributes as of ``Experiment``.

    ``part``, ``version``, ``items`` and ``default`` are literals: jobs read them from the source,
    without importing it.
    """
    return partial(Experiment, part, version, items, **options)


class Run:
    """What a notebook's parameters select, checked before anything is computed.

    Args:
        chapter: Name of the chapter.
        experiments: The chapter's module of experiments.
        scale: ``demo``, ``bench`` or ``paper``.
        seed: The first of the seeds.
        part: One experiment, or ``all``.
        benchmark: One benchmark; the experiment's own where empty.
        method: One row of the tables; all where empty.
        out: The job's folder; "" where the notebook runs by hand, and nothing is saved.

    Raises:
        UnknownNameError: On a part, benchmark or method that does not exist.
        JobError: If the seed is negative, or the run would record nothing.
    """

    def __init__(
        self,
        chapter: str,
        experiments: Any,
        *,
        scale: str,
        seed: int = 0,
        part: str = ALL,
        benchmark: str = "",
        method: str = "",
        out: str = "",
    ) -> None:
        if seed < 0:
            raise JobError(f"seed={seed}: seeds are whole numbers from 0 on.")
        self.scale, self.seed, self.part = Scale(scale), seed, part
        self.benchmark, self.method = benchmark, method
        self.recorder = Recorder(chapter, scale=scale, seed=seed, out=out)
        found = [each for each in vars(experiments).values() if isinstance(each, Experiment)]
        self._selected = _select(found, part, benchmark, method)
        if not self.real:
            self._selected = [each for each in self._selected if each.demo]
        if not self._selected:
            raise JobError(f"part={part} reads real tables: choose the scale bench or paper.")

    @property
    def real(self) -> bool:
        """Whether the run reads real tables, so that it takes long and may show its progress."""
        return self.scale != Scale.DEMO

    def by_scale(self, *, demo: T, bench: T, paper: T) -> T:
        """Return the value meant for the run's scale."""
        return {Scale.DEMO: demo, Scale.BENCH: bench, Scale.PAPER: paper}[self.scale]

    def seeds(self, *, demo: int, bench: int, paper: int) -> range:
        """Return so many seeds, beginning with the run's."""
        return range(self.seed, self.seed + self.by_scale(demo=demo, bench=bench, paper=paper))

    def selects(self, experiment: Experiment) -> bool:
        """Whether the parameters ask for an experiment."""
        return any(each is experiment for each in self._selected)

    def rows(self, names: Iterable[str]) -> list[str]:
        """Return those of some rows that the parameter ``method`` leaves."""
        return [name for name in names if self.method in ("", name)]

    def do(self, experiment: Experiment, **options: Any) -> Any:
        """Run an experiment, if it is selected, and save the figures so far.

        Returns what the experiment gives the page to draw; None where it is not selected.
        """
        if not self.selects(experiment):
            return None
        found = experiment(self, **options)
        self.recorder.save()
        return found

    def add(
        self,
        item: str,
        row: str,
        column: str,
        metric: str,
        values: Sequence[float] | float,
        seeds: Iterable[int] | None = None,
        note: str = "",
    ) -> None:
        """Record a figure, or one a seed.

        Args:
            item: Where it stands in the paper: ``table2``, ``figure4``.
            row: The method.
            column: Benchmark and split, like ``nb201-c10/78``.
            metric: Like ``kendall_tau`` (a fraction) or ``test_accuracy`` (percent).
            values: The figure, or as many as there are seeds.
            seeds: The seeds of the values; the run's own for a single figure.
            note: What a reader of the figure has to know; mostly nothing.
        """
        where = {"item": item, "row": row, "column": column, "metric": metric, "note": note}
        if seeds is None:
            self.recorder.add(**where, value=float(values), seed=self.seed)
            return
        for value, seed in zip(values, seeds, strict=True):
            self.recorder.add(**where, value=float(value), seed=seed)


def _select(
    experiments: list[Experiment], part: str, benchmark: str, method: str
) -> list[Experiment]:
    """Return the experiments that the parameters ask for; raise where there is none."""
    parts = {each.part: each for each in experiments}
    if part not in (ALL, *parts):
        raise UnknownNameError("part", part, (ALL, *parts))
    wanted = [parts[part]] if part != ALL else [each for each in experiments if each.default]
    for kind, value in (("benchmark", benchmark), ("method", method)):
        if not value:
            continue
        choices = [getattr(each, f"{kind}s")() for each in wanted]
        known = sorted({name for names in choices for name in names})
        if value not in known:
            raise UnknownNameError(f"{kind} of part {part!r}", value, known or ("(none)",))
        wanted = [each for each, names in zip(wanted, choices, strict=True) if value in names]
    if not wanted:
        raise JobError(
            f"part={part}, benchmark={benchmark}, method={method} would record nothing: "
            "no experiment takes this benchmark with this method."
        )
    return wanted
