"""Check a built book: every page stands alone without a network, and every local link arrives.

A page may link to the world; it may not load a script, style, font, picture or frame from it.
"""

import functools
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from PIL import Image

# Attributes that make a browser fetch something, whatever the element.
LOADING_ATTRIBUTES = ("src", "poster", "xlink:href")
# <link> fetches for some relations only; "canonical" or "next" name a page and load nothing.
LOADING_RELATIONS = {"stylesheet", "icon", "manifest", "preload", "modulepreload"}
LOADING_RELATIONS |= {"prefetch", "preconnect", "dns-prefetch"}
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_LOAD = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*([^"')\s;]+)""", re.IGNORECASE)


def css_loads(text: str) -> list[str]:
    """Return the addresses that a style sheet loads, as written."""
    return CSS_LOAD.findall(CSS_COMMENT.sub("", text))


class Page(HTMLParser):
    """What one HTML page loads, links to, and can be linked at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses and anchors of one element."""
        given = {name: value for name, value in attrs if value}
        self._in_style = tag == "style"
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.loads += [given[name] for name in LOADING_ATTRIBUTES if name in given]
        self.loads += [choice.split()[0] for choice in given.get("srcset", "").split(",") if choice]
        self.loads += css_loads(given.get("style", ""))
        if tag == "object" and "data" in given:
            self.loads.append(given["data"])
        if "href" in given:
            if tag in {"a", "area"}:
                self.links.append(given["href"])
            elif tag != "link" or LOADING_RELATIONS & set(given.get("rel", "").lower().split()):
                self.loads.append(given["href"])

    def handle_data(self, data: str) -> None:
        """Collect what an embedded style sheet loads."""
        if self._in_style:
            self.loads += css_loads(data)


def check(folder: Path) -> list[str]:
    """Return one sentence for each fault of the built book in ``folder``.

    Raises:
        FileNotFoundError: If there is no ``index.html``, so no book.
    """
    folder = folder.resolve()
    if not (folder / "index.html").is_file():
        raise FileNotFoundError(f"{folder / 'index.html'} is missing: the book was not built.")
    # The theme leaves its own templates in _static; they are no pages.
    found = [path for path in sorted(folder.rglob("*.html")) if path.parent != folder / "_static"]
    pages = {path: Page(path.read_text("utf-8")) for path in found}
    faults = []
    for path, page in pages.items():
        where = path.relative_to(folder)
        faults += [f"{where} loads {load}: {why}" for load, why in bad_loads(path, page.loads)]
        faults += [f"{where} links to {link}: {why}" for link, why in dead_links(path, pages)]
    for path in sorted(folder.rglob("*.css")):
        loads = css_loads(path.read_text("utf-8"))
        where = path.relative_to(folder)
        faults += [f"{where} loads {load}: {why}" for load, why in bad_loads(path, loads)]
    return faults


def bad_loads(path: Path, loads: list[str]) -> list[tuple[str, str]]:
    """Return what a file loads from elsewhere or from nowhere, each with the reason."""
    bad = []
    for load in loads:
        parts = urlsplit(load.strip())
        if parts.netloc or parts.scheme not in {"", "data"}:
            bad.append((load, "not part of the book"))
        elif not parts.scheme and not local_target(path, load).exists():
            bad.append((load, "no such file"))
        elif not parts.scheme and not is_whole(local_target(path, load)):
            bad.append((load, "a damaged picture"))
    return bad


@functools.cache
def is_whole(path: Path) -> bool:
    """Whether a picture can be read to its end; any other file counts as whole."""
    try:
        if path.suffix == ".svg":
            ET.parse(path)
        elif path.suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp"):
            with Image.open(path) as picture:
                picture.load()
    except (OSError, ValueError, SyntaxError):  # an SVG's ParseError is a SyntaxError
        return False
    return True


def dead_links(path: Path, pages: dict[Path, Page]) -> list[tuple[str, str]]:
    """Return the local links of a page that lead nowhere, each with the reason."""
    dead = []
    for link in pages[path].links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = local_target(path, link)
        if not target.exists():
            dead.append((link, "no such file"))
        elif parts.fragment and unquote(parts.fragment) not in pages[target].anchors:
            dead.append((link, "no such anchor"))
    return dead


def local_target(path: Path, address: str) -> Path:
    """Return the file that a relative address in a file means."""
    name = unquote(urlsplit(address).path)
    return (path.parent / name).resolve() if name else path
