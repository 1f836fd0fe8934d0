"""``python -m course.slides [CHAPTER ...]``: slides from the executed chapters, one page each.

A section of a chapter becomes a slide of its first sentences, lists and equations, and one more for
each picture, table and short demonstration in it. The questions of its quiz follow. A page needs
nothing but MathJax, which the book carries, and prints to PDF.
"""

import html
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from nbconvert.filters import markdown2html
from nbformat import NotebookNode

from course.chapters import Chapter, read_chapters
from course.quiz import quizzes, read_quiz
from nasutils.errors import lookup
from nasutils.files import write_text
from nasutils.paths import repository_root
from nasutils.report.table import without_empty_headings

MATHJAX = "mathjax/tex-mml-chtml.js"
SENTENCES = 2  # of the paragraph that begins a section
LONGEST_CODE = 12  # lines of a demonstration
#: Headings that end the slides: what follows is for the desk.
_LAST = re.compile(r"Exercises|How to rerun it|Rerun this chapter")

_FENCE = re.compile(r"^(`{3,}|:{3,})\{.*?^\1\s*$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"^\([\w-]+\)=$", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^\{\.[\w-]+\}\n")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_EQUATION = re.compile(r"^\$\$\n.*?^\$\$", re.MULTILINE | re.DOTALL)
_LISTED = re.compile(r"(\d+\.|-|\*) |\||\$\$")  # a list, a table or an equation
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z*`$])")
_CAPTION = "{.caption-text}"


@dataclass
class Slide:
    """A slide: its heading, the section that it belongs to, and its parts in HTML."""

    heading: str
    section: str = ""
    parts: list[str] = field(default_factory=list)

    def to_html(self, number: int) -> str:
        """Return the slide as a section of the page; the first of a page has no section."""
        level = "h2" if self.section else "h1"
        of = f'<p class="of">{self.section}</p>\n' if self.section != self.heading else ""
        head = f"{of if self.section else ''}<{level}>{self.heading}</{level}>"
        kind = "" if self.section else ' class="title"'
        return f'<section id="{number}"{kind}>\n{head}\n' + "\n".join(self.parts) + "\n</section>"


class Words:
    """Turns the chapter's Markdown into plain Markdown: roles become what they show."""

    def __init__(self, cells: list[NotebookNode], bibliography: str) -> None:
        outputs = [each for cell in cells for each in cell.get("outputs", ())]
        self._glued = {
            each.metadata.scrapbook.name: str(next(iter(each.data.values()))).strip("'")
            for each in outputs
            if "scrapbook" in each.get("metadata", {})
        }
        self._bibliography = bibliography

    def plain(self, text: str) -> str:
        """Return the text without roles, links and marks."""
        text = _ATTRIBUTE.sub("", text)
        text = re.sub(r"\s*\{cite:p\}`[^`]*`", "", text)
        text = re.sub(r"\{cite:t\}`([^`]*)`", lambda role: self._authors(role[1]), text)
        text = re.sub(r"\{glue:text\}`([\w-]+)`", lambda role: self._glued.get(role[1], "?"), text)
        text = re.sub(r"\{\w+\}`([^`<]*?)(?: <[^`]*>)?`", r"\1", text)
        return re.sub(r"\[([^\]]*)\]\([^)]*\)", lambda link: link[1] or "the book", text)

    def _authors(self, key: str) -> str:
        entry = re.search(rf"@\w+\{{{re.escape(key)},(.*?)\n\}}", self._bibliography, re.DOTALL)
        if entry is None:
            return key
        fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*?)\},?$", entry[1], re.MULTILINE))
        authors = fields["author"].split(" and ")
        first = authors[0].partition(",")[0]
        return f"{first}{' et al.' if len(authors) > 1 else ''} ({fields['year']})"


def slides_of(chapter: Chapter, bibliography: str) -> list[Slide]:
    """Return the slides of an executed chapter, without its quiz."""
    words = Words(chapter.cells, bibliography)
    slides: list[Slide] = []
    for cell in chapter.cells:
        if cell.cell_type == "code":
            slides += _of_code(cell, slides)
            continue
        for block in _blocks(cell.source):
            if match := _HEADING.match(block):
                heading = _inline(words.plain(match[2]))
                if _LAST.fullmatch(heading):
                    return _kept(slides)
                section = heading if len(match[1]) < 3 else _section(slides)
                slides.append(Slide(heading, section if slides else ""))
            elif slides:
                _add(block, slides, words)
    return _kept(slides)


def _section(slides: list[Slide]) -> str:
    return slides[-1].section or slides[-1].heading


def _kept(slides: list[Slide]) -> list[Slide]:
    """Return the slides that show something."""
    return [slide for slide in slides if slide.parts]


def _blocks(text: str) -> list[str]:
    """Split Markdown at empty lines, without directives; a heading is a block of its own."""
    text = _LABEL.sub("", _FENCE.sub("", text))
    text = _EQUATION.sub(r"\n\g<0>\n", _HEADING.sub(r"\n\g<0>\n", text))
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    return [block for block in blocks if block]


def _add(block: str, slides: list[Slide], words: Words) -> None:
    """Put a block of Markdown onto the last slide, in short."""
    slide, text = slides[-1], words.plain(block)
    if _CAPTION in block:
        slide.parts.append(f'<div class="part">{markdown2html(_first(text, 3))}</div>')
    elif _LISTED.match(text):
        slide.parts.append(markdown2html(text))
    elif not slide.parts or "$$" in slide.parts[-1]:
        slide.parts.append(markdown2html(_first(text, SENTENCES)))


def _first(text: str, sentences: int) -> str:
    return " ".join(_SENTENCE.split(" ".join(text.split()))[:sentences])


def _inline(text: str) -> str:
    return re.sub(r"^<p>(.*)</p>$", r"\1", markdown2html(text).strip())


def _of_code(cell: NotebookNode, slides: list[Slide]) -> Iterator[Slide]:
    """Yield a slide for each thing that a cell shows: its pictures, tables and printed lines."""
    tags = set(cell.metadata.get("tags", ()))
    if not slides or tags & {"remove-cell", "remove-output", "parameters"}:
        return
    section = _section(slides)
    alt = html.escape(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "a picture"))
    shown = [_picture_or_table(output.get("data", {}), alt) for output in cell.outputs]
    printed = "".join(each.text for each in cell.outputs if each.get("name") == "stdout")
    if printed and "hide-input" not in tags and len(cell.source.splitlines()) <= LONGEST_CODE:
        shown.append(_listing(cell.source) + _listing(printed))
    yield from (Slide(slides[-1].heading, section, [part]) for part in shown if part)


def _picture_or_table(data: dict[str, str], alt: str) -> str:
    if "image/svg+xml" in data:
        return data["image/svg+xml"]
    if "image/png" in data:
        picture = data["image/png"].replace("\n", "")
        return f'<img alt="{alt}" src="data:image/png;base64,{picture}">'
    if "text/html" in data:
        shown = without_empty_headings(data["text/html"])
        return f'<div class="scroll" tabindex="0">{shown}</div>'
    return ""


def _listing(text: str) -> str:
    return f"<pre><code>{html.escape(text.rstrip())}</code></pre>"


def quiz_slides(name: str) -> list[Slide]:
    """Return a slide for each question of a chapter's quiz; none where it has none."""
    if name not in quizzes():
        return []
    return [
        Slide(
            f"Question {number}",
            "Quiz",
            [
                markdown2html(question.ask),
                markdown2html("\n".join(f"1. {choice}" for choice in question.choices)),
                "<details><summary>Answer</summary>"
                + markdown2html(f"**{question.right}.** {question.why}")
                + "</details>",
            ],
        )
        for number, question in enumerate(read_quiz(quizzes()[name]), start=1)
    ]


def write_slides(chapter: Chapter, folder: Path, mathjax: str) -> Path:
    """Write the slides of a chapter into a folder; return the page.

    Args:
        chapter: The chapter.
        folder: Where the page goes, under the name of the notebook.
        mathjax: Address of MathJax's script, as seen from the page.
    """
    bibliography = (repository_root() / "book" / "references.bib").read_text(encoding="utf-8")
    slides = [*slides_of(chapter, bibliography), *quiz_slides(chapter.name)]
    template = Template((Path(__file__).parent / "slides.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=html.escape(chapter.title),
        mathjax=mathjax,
        slides="\n".join(slide.to_html(number) for number, slide in enumerate(slides, start=1)),
    )
    path = folder / f"{chapter.path.stem}.html"
    write_text(path, page)
    return path


def main() -> None:
    """Write the slides of all chapters, or of those that are named, to ``_build/slides``."""
    root = repository_root()
    chapters = read_chapters(root)
    folder = root / "_build" / "slides"
    source = root / "book" / "_static" / "mathjax"
    shutil.copytree(source, folder / "mathjax", dirs_exist_ok=True)
    for name in sys.argv[1:] or chapters:
        print(write_slides(lookup("chapter", name, chapters), folder, MATHJAX))


if __name__ == "__main__":
    main()
