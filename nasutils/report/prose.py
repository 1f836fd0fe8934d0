"""Figures in the sentences of a page."""

from collections.abc import Mapping
from importlib.util import find_spec

from nasutils.report.published_results import Place, PublishedResults, Summary


def glue(name: str, value: object) -> None:
    """Hand a figure to the page's prose, which shows it as ``{glue}``; without a page, print it."""
    text = str(value) if isinstance(value, Summary) else value
    if find_spec("myst_nb"):
        from IPython import get_ipython
        from myst_nb import glue as onto_page

        if get_ipython() is not None:
            onto_page(name, text, display=False)
            return
    print(f"{name} = {text}")


def glue_figures(results: PublishedResults, sentences: Mapping[str, tuple[Place, str]]) -> None:
    """Hand published figures to the page's prose, each a question mark before it is published.

    ``sentences`` says for a name in the text where its figure stands, and how it is written: by a
    format of the mean like ``.2f``, or "" for mean and deviation.
    """
    for name, (place, spec) in sentences.items():
        glue(name, format(results.of(*place), spec))
