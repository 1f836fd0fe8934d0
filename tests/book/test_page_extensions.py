"""What the book's extensions do to pages, on small trees of nodes."""

import re
from pathlib import Path
from types import SimpleNamespace

import api_pages
import book_pages
import linked_terms
import pytest
import verdicts
from docutils import nodes
from docutils.utils import new_document
from PIL import Image

from nasutils.report import Claim, Effect, Verdict, verdict

CHAPTER = "notebooks/03_generative"


def page(*children):
    """Return a document with one section."""
    document = new_document("page")
    document += nodes.section("", nodes.title("", "Title"), *children, ids=["title"])
    return document


def app_of(docname):
    return SimpleNamespace(env=SimpleNamespace(docname=docname))


def caption(text):
    return nodes.paragraph("", text, classes=["caption-text"])


def shown(*outputs):
    return nodes.container("", *outputs)


def test_captions_are_numbered_by_chapter_and_kind():
    drawing = nodes.raw("", '<figure class="forest">', format="html")
    document = page(
        shown(nodes.image(uri="a.png")), caption("one"), shown(nodes.raw("", "<table>")),
        caption("two"), nodes.paragraph("", "no caption"), shown(drawing), caption("three"),
    )  # fmt: skip
    book_pages.number_captions(app_of(CHAPTER), document)
    captions = [node for node in document.findall(nodes.paragraph) if node["ids"]]
    starts = [node.astext().partition(". ")[0] for node in captions]
    assert starts == ["Figure 3.1", "Table 3.1", "Figure 3.2"]
    assert [node["ids"] for node in captions] == [["figure-3-1"], ["table-3-1"], ["figure-3-2"]]
    assert 'href="#figure-3-2"' in captions[-1].astext()
    elsewhere = page(caption("one"))
    book_pages.number_captions(app_of("book/intro"), elsewhere)
    assert "Figure" not in elsewhere.astext()


def test_exercises_are_numbered_by_chapter():
    numbers = {
        CHAPTER: {"exercise": {"a": (7,), "b": (8,)}},
        "book/intro": {"exercise": {"c": (1,)}},
    }
    assert book_pages.number_exercises(None, SimpleNamespace(toc_fignumbers=numbers)) == []
    assert numbers[CHAPTER]["exercise"] == {"a": (3, 1), "b": (3, 2)}
    assert numbers["book/intro"]["exercise"] == {"c": (1,)}


@pytest.mark.parametrize(("dpi", "width"), [(110, "400px"), (220, "200px")])
def test_a_picture_has_its_size_in_inches(tmp_path, dpi, width):
    Image.new("L", (400, 10)).save(tmp_path / "a.png", dpi=(dpi, dpi))
    image = nodes.image(uri="a.png")
    book_pages.size_pictures(SimpleNamespace(srcdir=tmp_path), page(image), CHAPTER)
    assert image["width"] == width


def test_ids_that_all_exercises_share_go():
    section = nodes.section(ids=["exercise-content"])
    document = page(section)
    book_pages.drop_repeated_ids(None, document, CHAPTER)
    assert section["ids"] == []
    assert document[0]["ids"] == ["title"]


def test_headings_without_words_and_labels_that_hide_words_go():
    body = '<tr><th></th><th class="blank">&nbsp;</th><th>τ</th></tr>'
    fold = '<summary aria-label="Toggle">Show the code</summary>'
    sidebar = "<summary><i></i></summary>"
    context = {"body": body + fold, "generate_toctree_html": lambda kind: sidebar}
    book_pages.mend(None, CHAPTER, "", context, None)
    cells = '<tr><td></td><td class="blank"></td><th>τ</th></tr>'
    assert context["body"] == f"{cells}<summary>Show the code</summary>"
    labelled = '<summary aria-label="Pages below"><i></i></summary>'
    assert context["generate_toctree_html"]("sidebar") == labelled


def test_terms_are_cut_out_once_with_their_plurals():
    unused = {"cell": "term-cell", "normal cell": "term-normal-cell", "z-score": "term-z"}
    pieces = linked_terms.split("Normal cells, a z-score, cells and a cell-list; a cell.", unused)
    assert [piece for piece in pieces if piece[1]] == [
        ("Normal cells", "term-normal-cell"), ("z-score", "term-z"), ("cells", "term-cell")
    ]  # fmt: skip
    assert "".join(text for text, _ in pieces).endswith("cell-list; a cell.")
    assert unused == {}


def test_terms_in_code_links_and_boxes_stay():
    inside = [
        nodes.paragraph("", "", nodes.literal("", "cell"), nodes.reference("", "cell")),
        nodes.admonition("", nodes.paragraph("", "cell")),
    ]
    assert [*linked_terms.prose(page(*inside))] == []
    assert [*linked_terms.prose(page(nodes.paragraph("", "a cell")))] == ["a cell"]


@pytest.fixture
def found(monkeypatch):
    """Return two claims of a chapter by their verdicts."""
    claims = [
        Claim("it grows", "2", "2", (Effect.exactly(2, "2"),)),
        Claim("it flies", "", needs="wings"),
    ]
    by_verdict = {verdict(claim): [claim] for claim in claims}
    assert [*by_verdict] == [Verdict.REPRODUCED, Verdict.NOT_RUN]
    monkeypatch.setattr(verdicts, "claims_of", lambda page: by_verdict)
    return by_verdict


def test_the_box_of_verdicts_stands_below_the_lead(found):
    lead = nodes.paragraph("", "lead", classes=["lead"])
    last = nodes.section("", nodes.title("", "Verdicts"), ids=["here"])
    document = page(lead, nodes.paragraph("", "next"), last)
    verdicts.add_box(app_of(CHAPTER), document)
    box = document[0][2]
    assert box["classes"] == ["verdicts-in-brief"]
    assert "2 claims: 1 reproduced, 1 not run." in box.astext()
    assert "Reproduced: it grows." in box.astext()
    assert box.next_node(nodes.reference)["refid"] == "here"
    with pytest.raises(KeyError, match="Verdicts"):
        verdicts.add_box(app_of(CHAPTER), page(lead))


def test_the_home_page_counts_the_verdicts_of_every_chapter(found):
    lines = [*verdicts.VerdictCounts.markdown(None)]
    for chapter in verdicts.CHAPTERS:
        [line] = [line for line in lines if chapter in line]
        assert line.split("|")[2:-1] == [" 1 ", "  ", "  ", "  ", "  ", " 1 "]


def test_a_page_of_the_reference_holds_public_names_in_their_order():
    source = ["# Metrics\n\n% api: nasutils.metrics nasutils.search\n"]
    api_pages.write_page(None, "book/api/metrics", source)
    assert source[0].startswith("# Metrics")
    assert "## nasutils.metrics.kendall\n" in source[0]
    [members] = re.findall(r"automodule:: nasutils.search\n   :members: (.*)", source[0])
    assert "_" not in {name[0] for name in members.split(", ")}
    text = (Path(api_pages.importlib.import_module("nasutils.search").__file__)).read_text()
    places = [re.search(rf"^(class|def) {name}\b", text, re.M) for name in members.split(", ")]
    assert all(places)
    assert [place.start() for place in places] == sorted(place.start() for place in places)
    other = ["# Another page\n"]
    api_pages.write_page(None, "book/intro", other)
    assert other == ["# Another page\n"]
