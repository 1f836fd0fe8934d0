"""Check that a page can be read by all: by ear, by keyboard, and by those who jump to headings."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

_VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "wbr",
}
_NAMED = {"a", "button", "summary", "th"}  # what a reader is told by its words


class _Reader(HTMLParser):
    """Collects what a page says, and what it leaves unsaid."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._ids: Counter[str] = Counter()
        self._open: list[tuple[str, str, list[str]]] = []  # tag, its source, its words
        self._level = 0
        self.feed(text)
        self.faults += [f"{n} elements have the id {id}" for id, n in self._ids.items() if n > 1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._ids.update(filter(None, [given.get("id")]))
        source = (self.get_starttag_text() or "")[:80]
        if tag == "img" and given.get("alt") is None:
            self.faults.append(f"{source} has no alt")
        if tag == "svg" and given.get("role") == "img" and not given.get("aria-label"):
            self.faults.append(f"{source} has no aria-label")
        if re.fullmatch(r"h[1-6]", tag):
            level = int(tag[1])
            if level > self._level + 1:
                self.faults.append(f"{source} follows a heading of level {self._level}")
            self._level = level
        name = " ".join(filter(None, map(given.get, ("aria-label", "title", "alt"))))
        for _, _, words in self._open:
            words.append(name)
        if tag not in _VOID:
            is_hidden = given.get("aria-hidden") == "true"
            self._open.append((tag, source, ["hidden" if is_hidden else name]))

    def handle_data(self, data: str) -> None:
        for _, _, words in self._open:
            words.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        while any(tag == each for each, *_ in self._open):
            last, source, words = self._open.pop()
            if last in _NAMED and not any(words):
                self.faults.append(f"{source} has no words")
            if last == tag:
                break


def unreadable(text: str) -> list[str]:
    """Return what cannot be read of a page of HTML: a sentence each.

    Pictures without an alternative text, elements that share an id, headings that skip a level, and
    links, buttons, folds and headings of columns without words. Contrast, focus and what scripts
    add need a browser.
    """
    return _Reader(text).faults


def check_reading(folder: Path) -> list[str]:
    """Return one sentence for each fault of a built book in ``folder``."""
    return [
        f"{path.relative_to(folder)}: {fault}"
        for path in sorted(folder.rglob("*.html"))
        # The theme's templates are no pages, and its page of searching has two fields of one id.
        if path.parent.name != "_static" and path.name != "search.html"
        for fault in unreadable(path.read_text("utf-8"))
    ]
