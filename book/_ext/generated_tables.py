"""Directives that draw the book's reference tables from the package itself, so they cannot drift.

``data-sources`` lists every public file, ``data-tables`` documents every column of every table,
``proxy-registry`` defines every zero-cost proxy, ``performance`` shows the last benchmark run.
"""

import html
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

BAR = r"\|"


class Generated(SphinxDirective):
    """A directive that parses Markdown which it has written itself."""

    def markdown(self) -> Iterator[str]:
        """Yield the lines of Markdown."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Return what the lines parse to."""
        container = nodes.Element()
        lines = StringList(list(self.markdown()), source=self.env.docname)
        self.state.nested_parse(lines, self.content_offset, container)
        return container.children


def table(headings: dict[str, str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield a sortable Markdown table.

    Args:
        headings: Each column's heading and alignment, ``left`` or ``right``.
        rows: The cells, in Markdown; a vertical bar in one is escaped.
    """
    rules = {"left": ":---", "right": "---:"}
    yield ":::{table}"
    yield ":class: sortable"
    yield ":align: left"
    yield ""
    for row in [headings, [rules[side] for side in headings.values()], *rows]:
        yield f"| {' | '.join(str(cell).replace('|', BAR) for cell in row)} |"
    yield ":::"
    yield ""


class DataSources(Generated):
    """Every file of ``sources.toml``: what it holds, where it is, licence, whom to cite."""

    def markdown(self) -> Iterator[str]:
        """Yield one row a file."""
        from nasutils.data.sources import load_sources

        headings = {
            "File": "left",
            "Holds": "left",
            "kB": "right",
            "Licence": "left",
            "Cite": "left",
        }
        yield from table(
            headings,
            (
                (
                    f"[{source.name.replace('_', '_<wbr>')}]({source.url})",
                    source.description,
                    f"{source.bytes / 1e3:,.1f}",
                    source.licence,
                    f"{{cite:p}}`{','.join(source.cite)}`",
                )
                for source in load_sources().values()
            ),
        )


class DataTables(Generated):
    """Every table of ``load_table``: what a row is, and each column with its unit."""

    def markdown(self) -> Iterator[str]:
        """Yield one drop-down a table."""
        from nasutils.data.tables import get_table, table_names

        for name in table_names():
            declared = get_table(name)
            yield f"::::{{dropdown}} `{name}`"
            yield declared.description
            yield ""
            yield from table(
                {"Column": "left", "Meaning": "left"},
                ((f"`{column}`", meaning) for column, meaning in declared.columns.items()),
            )
            yield "::::"
            yield ""


def in_markdown(docstring: str) -> str:
    """Return what a docstring says after its first sentence: its roles of formulas as Markdown."""
    _, _, rest = inspect.cleandoc(docstring).partition("\n\n")
    return re.sub(r":math:`([^`]*)`", r"$\1$", rest).replace("``", "`")


class ProxyRegistry(Generated):
    """Every zero-cost proxy: equation and symbols, source, needs, and when it has no value."""

    def markdown(self) -> Iterator[str]:
        """Yield one drop-down a proxy."""
        from nasutils.proxies import describe, get_proxy

        for name, proxy in describe().iterrows():
            yield f"::::{{dropdown}} {proxy['title']}: `{name}`"
            yield "$$"
            yield proxy["equation"]
            yield "$$"
            yield ""
            yield from in_markdown(get_proxy(name).compute.__doc__ or "").splitlines()
            yield ""
            direction = "Bigger" if proxy["bigger_is_better"] else "Smaller"
            yield f"{direction} is better. Source: {{cite:t}}`{proxy['source']}`."
            yield ""
            yield f"**Needs**: {proxy['needs'] or 'the network alone'}."
            yield ""
            yield f"**Without a value**: {proxy['when_undefined'].replace('UNDEFINED', '−∞')}."
            yield "::::"
            yield ""


class Performance(Generated):
    """The last run of ``make bench``, as ``book/results/performance.csv`` keeps it."""

    def markdown(self) -> Iterator[str]:
        """Yield one table a machine."""
        import pandas as pd

        path = Path(self.env.srcdir) / "book" / "results" / "performance.csv"
        self.env.note_dependency(str(path))
        runs = pd.read_csv(path, keep_default_na=False, dtype=str).map(html.escape)
        for machine, rows in runs.groupby("machine", sort=False):
            yield f"Measured on {rows.iloc[0]['date']}: {machine}."
            yield ""
            headings = {"Task": "left", "Measure": "left", "Value": "right", "Target": "right"}
            yield from table(headings, rows[["task", "measure", "value", "target"]].to_numpy())


def drop_thebe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take the scripts of Thebe off a page: Jupyter Book adds them though its button is off.

    They name a script on another host, and a page of this book names none.
    """
    context["script_files"] = [
        script for script in context["script_files"] if "thebe" not in str(script).lower()
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.connect("html-page-context", drop_thebe, priority=900)
    app.add_directive("data-sources", DataSources)
    app.add_directive("data-tables", DataTables)
    app.add_directive("proxy-registry", ProxyRegistry)
    app.add_directive("performance", Performance)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
