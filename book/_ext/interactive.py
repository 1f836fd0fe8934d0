"""Figures that a reader can change: a script, and a picture where scripts are off."""

import json
from operator import itemgetter
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

STATIC = Path(__file__).parents[1] / "_static"


def figure(docname: str, name: str, label: str, content: str) -> nodes.raw:
    """Return a figure that the script ``NAME.js`` fills; until then it has some content."""
    root = "../" * docname.count("/")
    page = (
        f'<div class="{name}-figure" role="group" aria-label="{label}">{content}</div>'
        f'<script defer src="{root}_static/{name}.js"></script>'
    )
    return nodes.raw("", page, format="html")


class TauFigure(SphinxDirective):
    """Two rankings of eight networks, to be shuffled, with their Kendall's tau."""

    def run(self) -> list[nodes.Node]:
        """Return the figure, with a picture of two rankings."""
        picture = (STATIC / "tau.svg").read_text(encoding="utf-8")
        content = f"<noscript>{picture}</noscript>"
        return [figure(self.env.docname, "tau", "Two rankings and their tau", content)]


class SearchFigure(SphinxDirective):
    """Two recorded searches of NAS-Bench-201, to be replayed query by query."""

    def run(self) -> list[nodes.Node]:
        """Return the figure, and a table of what the searches found."""
        text = (STATIC / "search.json").read_text(encoding="utf-8")
        record = json.loads(text)
        rows = "".join(
            f"<tr><td>{name}</td><td>{max(queries, key=itemgetter(1))[2]:.2f}</td></tr>"
            for name, queries in record["searches"].items()
        )
        content = (
            f'<script type="application/json" id="search-record">{text}</script>'
            "<noscript><table><thead><tr><th>Search</th><th>Test accuracy (%) of its best by "
            f"validation</th></tr></thead><tbody>{rows}</tbody></table></noscript>"
        )
        return [figure(self.env.docname, "search", "Two searches, replayed", content)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the figures."""
    app.add_directive("tau-figure", TauFigure)
    app.add_directive("search-figure", SearchFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
