"""What a page of the book has beyond its source: the published figures as files."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

RESULTS = Path("book") / "results"


def copy_results(app: Sphinx, error: Exception | None) -> None:
    """Put the published figures beside the pages, where the lines under figures link to them."""
    if error is None:
        target = Path(app.outdir) / RESULTS
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted((Path(app.srcdir) / RESULTS).glob("*.csv")):
            shutil.copy2(path, target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what is done to pages."""
    app.connect("build-finished", copy_results)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
