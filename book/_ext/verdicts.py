"""Verdicts in brief: at the top of each chapter, and ``verdict-counts`` for all of them.

Both are computed from the published results, as the table of claims further down a chapter is.
"""

import importlib
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from docutils import nodes
from generated_tables import Generated, table
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from nasutils.report import Claim, PublishedResults, Verdict, verdict


class Chapter(NamedTuple):
    """A chapter: its name on the home page, its results, and the function that has its claims."""

    name: str
    results: PublishedResults
    claims: str


def _chapter(name: str, paper: str, module: str) -> Chapter:
    return Chapter(name, PublishedResults(paper), f"nasutils.methods.{paper}.{module}:claims")


_OF_BENCHMARKS = "nasutils.report.benchmark_claims:benchmark_claims"
CHAPTERS = {
    "notebooks/00_benchmarks": Chapter(
        "The benchmarks", PublishedResults("benchmarks", ("demo", "bench")), _OF_BENCHMARKS
    ),
    "notebooks/01_hypernas": _chapter("HyperNAS", "hypernas", "claims"),
    "notebooks/02_kshot_hypernet": _chapter("Kshot-Hypernet", "kshot_hypernet", "tables"),
    "notebooks/03_generative": _chapter("Generative NAS", "generative", "tables"),
    "notebooks/04_transferable": _chapter("Transferable predictor", "transferable", "tables"),
    "notebooks/05_up_nas": _chapter("UP-NAS", "up_nas", "tables"),
    "notebooks/06_leaderboard": _chapter("The leaderboard", "leaderboard", "tables"),
}
HEADING = "Verdicts"  # of the section that a box links to


@cache
def claims_of(page: str) -> dict[Verdict, list[Claim]]:
    """Return the claims of a chapter by their verdicts, these in the order of their definitions."""
    chapter = CHAPTERS[page]
    module, _, name = chapter.claims.partition(":")
    found: dict[Verdict, list[Claim]] = {each: [] for each in Verdict}
    for claim in getattr(importlib.import_module(module), name)(chapter.results):
        found[verdict(claim)].append(claim)
    return {each: claims for each, claims in found.items() if claims}


def counted(found: dict[Verdict, list[Claim]]) -> str:
    """Write how many claims there are, and of which verdict."""
    parts = [f"{len(claims)} {each}" for each, claims in found.items()]
    return f"{sum(map(len, found.values()))} claims: {', '.join(parts)}."


def box(found: dict[Verdict, list[Claim]], section: str) -> nodes.Element:
    """Return the verdicts in brief, with a link to the section that has the figures."""
    said = nodes.paragraph("", counted(found) + " ")
    said += nodes.reference("", "Figures and intervals", refid=section, internal=True)
    said += nodes.Text("; ")
    label = {"refdomain": "std", "reftype": "ref", "reftarget": "verdict-definitions"}
    definitions = pending_xref("", **label, refexplicit=True, refwarn=True)
    definitions += nodes.inline("", "what a verdict means")
    said += [definitions, nodes.Text(".")]
    brief = nodes.bullet_list()
    for each, claims in found.items():
        text = nodes.paragraph("", "", nodes.strong("", f"{each.capitalize()}: "))
        text += nodes.Text("; ".join(claim.claim for claim in claims) + ".")
        kind = f"verdict-{each.name.lower().replace('_', '-')}"
        brief += nodes.list_item("", text, classes=[kind])
    title = nodes.title("", "Verdicts in brief")
    return nodes.admonition("", title, said, brief, classes=["verdicts-in-brief"])


def add_box(app: Sphinx, doctree: nodes.document) -> None:
    """Put the box below the first words of a chapter."""
    page = app.env.docname
    if page not in CHAPTERS:
        return
    headings = {title.astext(): title.parent for title in doctree.findall(nodes.title)}
    if HEADING not in headings:
        raise KeyError(f"{page} has no section {HEADING!r} that its box could link to.")
    lead = next(node for node in doctree.findall(nodes.paragraph) if "lead" in node["classes"])
    place = lead.parent.index(lead) + 1
    lead.parent.insert(place, box(claims_of(page), headings[HEADING]["ids"][0]))


class VerdictCounts(Generated):
    """How many claims of each chapter have which verdict."""

    def markdown(self) -> Iterator[str]:
        """Yield one row a chapter."""
        headings = {"Chapter": "left", **{each.capitalize(): "right" for each in Verdict}}
        rows = []
        for page, chapter in CHAPTERS.items():
            counts = {each: len(claims) for each, claims in claims_of(page).items()}
            cells = [str(counts[each]) if each in counts else "" for each in Verdict]
            rows.append([f"[{chapter.name}](../{page}.ipynb)", *cells])
        yield from table(headings, rows, sortable=False)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the box and the directive."""
    app.connect("doctree-read", add_box)
    app.add_directive("verdict-counts", VerdictCounts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
