"""Terms of the glossary, linked where a chapter uses them for the first time."""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx

GLOSSARY = "book/glossary"
#: Terms that are everyday words as well.
EVERYDAY = {"label", "neighbour", "operation", "scale", "transfer", "query", "job", "up"}
_NO_PROSE = (nodes.reference, nodes.literal, nodes.Admonition, nodes.raw, nodes.math)


def link_terms(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the first use of each term in the prose of a chapter."""
    if not page.startswith("notebooks/"):
        return
    anchors = {
        name.lower(): anchor
        for (kind, name), (place, anchor) in app.env.domains["std"].objects.items()
        if kind == "term" and place == GLOSSARY and name.lower() not in EVERYDAY
    }
    single = app.builder.name == "singlehtml"
    base = "" if single else app.builder.get_relative_uri(page, GLOSSARY)
    linked = {link.get("refuri", "").partition("#")[2] for link in doctree.findall(nodes.reference)}
    unused = {name: anchor for name, anchor in anchors.items() if anchor not in linked}
    for text in [*prose(doctree)]:
        pieces = split(text.astext(), unused)
        if len(pieces) > 1:
            parts = [
                nodes.reference("", piece, refuri=f"{base}#{anchor}", classes=["term"])
                if anchor
                else nodes.Text(piece)
                for piece, anchor in pieces
            ]
            text.parent.replace(text, parts)


def prose(doctree: nodes.document) -> Iterator[nodes.Text]:
    """Yield the texts of paragraphs that are neither links, code, formulas nor in a box."""
    for paragraph in doctree.findall(nodes.paragraph):
        for text in paragraph.findall(nodes.Text):
            node = text.parent
            while node is not None and not isinstance(node, _NO_PROSE):
                node = node.parent
            if node is None:
                yield text


def split(text: str, unused: dict[str, str]) -> list[tuple[str, str]]:
    """Cut a text at its terms: pieces with the anchor of their term, or "".

    What is found is taken out of ``unused``, names in lower case -> anchors. Plurals count, parts
    of longer names do not.
    """
    if not unused:
        return [(text, "")]
    names = "|".join(re.escape(name) for name in sorted(unused, key=len, reverse=True))
    pieces, end = [], 0
    for found in re.finditer(rf"(?<![\w-])({names})s?(?![\w-])", text, re.IGNORECASE):
        anchor = unused.pop(found[1].lower(), "")
        if anchor:
            pieces += [(text[end : found.start()], ""), (found[0], anchor)]
            end = found.end()
    return [piece for piece in [*pieces, (text[end:], "")] if piece[0]]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the links."""
    app.connect("doctree-resolved", link_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
