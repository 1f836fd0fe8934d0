"""The book's sources: every page in the table of contents, one public address, nothing remote."""

import re
from pathlib import Path

import api_pages
import pytest
import yaml

from tools.check_book import css_loads

ROOT = Path(__file__).parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
PAGES = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
ADDRESS = CONFIG["repository"]["url"]


@pytest.mark.parametrize("page", PAGES)
def test_page_of_the_contents_exists(page):
    assert any((ROOT / f"{page}{suffix}").is_file() for suffix in (".md", ".ipynb"))


def test_every_page_is_in_the_contents():
    folders = ("book/*.md", "course/*.md", "notebooks/*.ipynb")
    sources = [path for folder in folders for path in ROOT.glob(folder)]
    written = {str(path.relative_to(ROOT).with_suffix("")) for path in sources}
    assert written == set(PAGES)


@pytest.mark.parametrize(
    "name", ["README.md", "CITATION.cff", "CONTRIBUTING.md", "book/how_to_rerun.md"]
)
def test_other_mentions_of_the_repository_follow_the_configuration(name):
    text = (ROOT / name).read_text()
    found = set(re.findall(r"https://github\.com/[\w-]*nas[\w-]*/[\w-]+", text))
    assert found <= {ADDRESS}


def test_launch_buttons_are_configured():
    assert CONFIG["launch_buttons"]["binderhub_url"]
    assert CONFIG["launch_buttons"]["colab_url"]
    # The theme's options are merged, not replaced: atomic_write them drops the buttons.
    assert CONFIG["sphinx"]["recursive_update"] is True


def test_style_sheets_load_local_files():
    for path in ROOT.glob("book/_static/*.css"):
        loads = css_loads(path.read_text())
        assert loads
        assert all((path.parent / load).is_file() for load in loads)


def test_every_font_and_mathjax_carry_their_licence():
    assert "SIL OPEN FONT LICENSE" in (ROOT / "book/_static/fonts/LICENSE").read_text()
    assert "Apache License" in (ROOT / "book/_static/mathjax/LICENSE").read_text()


def test_every_module_is_in_the_reference_once():
    pages = [*(ROOT / "book" / "api").glob("*.md")]
    rooms = [room for page in pages for room in api_pages.rooms_of(page.read_text())]
    listed = {f"book/api/{page.stem}" for page in pages}
    [reference] = [
        page for part in TOC["parts"] for page in part["chapters"] if page["file"] == "book/api"
    ]
    assert {page["file"] for page in reference["sections"]} == listed
    sources = (path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("nasutils/**/*.py"))
    modules = [".".join(path.parts).removesuffix(".__init__") for path in sources]
    for module in modules:
        homes = [room for room in rooms if f"{module}.".startswith(f"{room}.")]
        is_told_elsewhere = module in ("nasutils", "nasutils.methods") or ".cli" in module
        assert len(homes) == (0 if is_told_elsewhere or "._" in module else 1), module


def test_the_citation_names_the_papers_as_the_bibliography_does():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    titles = re.sub(r"[{}]", "", (ROOT / "book" / "references.bib").read_text())
    assert len(citation["references"]) == 5
    for reference in citation["references"]:
        assert f"title = {reference['title']}," in titles
        assert all(f"{each['family-names']}, " in titles for each in reference["authors"])
