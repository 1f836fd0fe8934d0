"""Figures that a reader can change: a script, and a picture where scripts are off."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

STATIC = Path(__file__).parents[1] / "_static"


class TauFigure(SphinxDirective):
    """Two rankings of eight networks, to be shuffled, with their Kendall's tau."""

    def run(self) -> list[nodes.Node]:
        """Return the figure, which ``tau.js`` fills."""
        picture = (STATIC / "tau.svg").read_text(encoding="utf-8")
        root = "../" * self.env.docname.count("/")
        page = (
            f'<div class="tau-figure" role="group" aria-label="Two rankings and their tau">'
            f"<noscript>{picture}</noscript></div>"
            f'<script defer src="{root}_static/tau.js"></script>'
        )
        return [nodes.raw("", page, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the figures."""
    app.add_directive("tau-figure", TauFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
