"""What pages have beyond their source: numbers, a description, sharp pictures, files of figures."""

import re
import shutil
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from nasutils.report.table import without_empty_headings

RESULTS = Path("book") / "results"
DOTS = 110  # that many of a page's pixels are an inch
_CHAPTER = re.compile(r"notebooks/(\d+)_")


def chapter_of(page: str) -> int | None:
    """Return the number of the chapter that a page is; None where it is none."""
    found = _CHAPTER.match(page)
    return int(found[1]) if found else None


def number_captions(app: Sphinx, doctree: nodes.document) -> None:
    """Number the figures and tables of a chapter, and give each caption an anchor and its link."""
    chapter = chapter_of(app.env.docname)
    if chapter is None:
        return
    counts: Counter[str] = Counter()
    for caption in [*doctree.findall(nodes.paragraph)]:
        if "caption-text" not in caption["classes"]:
            continue
        kind = kind_of(caption)
        counts[kind] += 1
        number = f"{chapter}.{counts[kind]}"
        name = f"{kind.lower()}-{number.replace('.', '-')}"
        caption["ids"].append(name)
        caption.insert(0, nodes.strong("", f"{kind} {number}. "))
        link = f'<a class="headerlink" href="#{name}" title="Link to {kind} {number}">#</a>'
        caption += nodes.raw("", link, format="html")


def kind_of(caption: nodes.paragraph) -> str:
    """Return what a caption stands below: ``Figure`` or ``Table``."""
    above = caption.parent.children[: caption.parent.index(caption)]
    cells = (node for node in reversed(above) if isinstance(node, nodes.container))
    shown = next(cells, nodes.container())
    is_drawn = any(True for _ in shown.findall(nodes.image)) or any(
        'class="forest"' in raw.astext() for raw in shown.findall(nodes.raw)
    )
    return "Figure" if is_drawn else "Table"


def number_exercises(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Number the exercises of each chapter from one: 3.1, 3.2 and so on."""
    for page, kinds in env.toc_fignumbers.items():
        chapter = chapter_of(page)
        for place, name in enumerate(kinds.get("exercise", {}) if chapter is not None else (), 1):
            kinds["exercise"][name] = (chapter, place)
    return []


def drop_repeated_ids(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Take off the ids that all exercises, and all solutions, of a page share."""
    for section in doctree.findall(nodes.section):
        section["ids"] = [
            name for name in section["ids"] if name not in ("exercise-content", "solution-content")
        ]


def size_pictures(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Show the pictures of notebooks at their size in inches, however many dots they have."""
    for image in doctree.findall(nodes.image):
        path = Path(app.srcdir) / image["uri"]
        if chapter_of(page) is not None and path.suffix == ".png" and path.is_file():
            with Image.open(path) as picture:
                dots = picture.info.get("dpi", (DOTS,))[0]
                image["width"] = f"{picture.width * DOTS / dots:.0f}px"


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page the description that search engines show: its first sentences."""
    first = doctree and next(iter(doctree.findall(nodes.paragraph)), None)
    if first:
        text = escape(" ".join(first.astext().split())[:300])
        context["metatags"] += f'<meta name="description" content="{text}">\n'


def mend(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mend what screen readers trip over in what the theme and other extensions write.

    Headings without words become cells, folds keep the words that they show, those of the sidebar
    get some, and works of the bibliography become the items of their list.
    """
    if "body" in context:
        body = without_empty_headings(context["body"])
        body = re.sub(r'(<summary\b[^>]*?)\saria-label="[^"]*"', r"\1", body)
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')
    if toctree := context.get("generate_toctree_html"):

        def named(*args: Any, **options: Any) -> str:
            return str(toctree(*args, **options)).replace(
                "<summary>", '<summary aria-label="Pages below">'
            )

        context["generate_toctree_html"] = named


def copy_results(app: Sphinx, error: Exception | None) -> None:
    """Put the published figures beside the pages, where the lines under figures link to them."""
    if error is None:
        target = Path(app.outdir) / RESULTS
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted((Path(app.srcdir) / RESULTS).glob("*.csv")):
            shutil.copy2(path, target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what is done to pages."""
    app.connect("doctree-read", number_captions)
    app.connect("env-get-updated", number_exercises, priority=900)  # after the numbers are made
    app.connect("doctree-resolved", drop_repeated_ids, priority=900)
    app.connect("doctree-resolved", size_pictures)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", mend, priority=900)  # after the theme
    app.connect("build-finished", copy_results)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
