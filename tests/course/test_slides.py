"""Slides: what is taken from a chapter, what is left out, and that a page stands alone."""

import base64
import re
from pathlib import Path

import nbformat.v4 as nbf
import pytest

from course.chapters import Chapter, read_chapters
from course.quiz import quizzes, read_quiz
from course.slides import MATHJAX, Words, slides_of, write_slides
from tools.check_book import Page

ROOT = Path(__file__).parents[2]
BIBLIOGRAPHY = """@article{lv2025,
  author = {Lv, Ada and Li, Bo},
  title = {A title},
  year = {2025},
}
"""
TEXT = """\
# A chapter

{.lead}
It begins {cite:p}`lv2025`. It goes on. It never ends.

(label)=
## An idea

By {cite:t}`lv2025`, see [above](#label) and {term}`cells <cell>`. Second. Third.

$$
x = 1
$$

- one
- two

## Nothing here

```{exercise}
:label: ex
A directive.
```

## Exercises

Not on a slide.
"""


def chapter_of(*cells):
    made = Chapter("tiny", Path("00_tiny.ipynb"), (), ())
    made.__dict__["cells"] = list(cells)
    return made


def picture(**metadata):
    data = {"image/png": base64.b64encode(b"png").decode()}
    output = nbf.new_output("display_data", data)
    return nbf.new_code_cell("draw()", outputs=[output], metadata=metadata)


def printed(*lines, tags=()):
    outputs = [nbf.new_output("stream", name="stdout", text=line) for line in lines]
    return nbf.new_code_cell("print(1 < 2)", outputs=outputs, metadata={"tags": list(tags)})


def test_a_section_is_a_slide_of_its_first_sentences_lists_and_equations():
    title, idea = slides_of(chapter_of(nbf.new_markdown_cell(TEXT)), BIBLIOGRAPHY)
    assert (title.heading, title.section) == ("A chapter", "")
    assert "It begins. It goes on." in title.to_html(1)
    assert "never" not in title.to_html(1)
    shown = idea.to_html(1)
    assert "By Lv et al. (2025), see above and cells. Second." in shown
    assert "Third" not in shown
    assert "x = 1" in shown
    assert shown.count("<li>") == 2


def test_a_picture_is_a_slide_with_its_caption():
    caption = nbf.new_markdown_cell("{.caption-text}\nLive. A picture.")
    cells = nbf.new_markdown_cell("# A\n\nB."), picture(mystnb={"image": {"alt": "a <b>"}}), caption
    _, shown = slides_of(chapter_of(*cells), "")
    assert 'alt="a &lt;b&gt;"' in shown.to_html(1)
    assert "Live. A picture." in shown.to_html(1)


def test_a_demonstration_is_a_slide_of_code_and_all_that_it_prints():
    cells = nbf.new_markdown_cell("# A\n\nB."), printed("one\n", "two\n")
    _, shown = slides_of(chapter_of(*cells), "")
    assert "print(1 &lt; 2)" in shown.to_html(1)
    assert "one\ntwo" in shown.to_html(1)


def test_a_table_is_a_slide_whose_empty_heads_are_plain_cells():
    table = '<table><tr><th id="a">&nbsp;</th><th>tau</th></tr></table>'
    output = nbf.new_output("execute_result", {"text/html": table})
    code = nbf.new_code_cell("table", outputs=[output])
    _, shown = slides_of(chapter_of(nbf.new_markdown_cell("# A\n\nB."), code), "")
    assert '<td id="a"></td><th>tau</th>' in shown.to_html(1)


@pytest.mark.parametrize("tag", ["remove-cell", "hide-input", "parameters"])
def test_what_the_page_hides_is_on_no_slide(tag):
    cells = nbf.new_markdown_cell("# A\n\nB."), printed("one\n", tags=[tag])
    assert len(slides_of(chapter_of(*cells), "")) == 1


def test_figures_of_sentences_are_filled_in():
    glue = nbf.new_output("display_data", {"application/papermill.record/text/plain": "'.5'"})
    glue.metadata["scrapbook"] = {"name": "tau"}
    cells = [nbf.new_code_cell("glue()", outputs=[glue])]
    assert Words(cells, "").plain("It is {glue:text}`tau`.") == "It is .5."


def test_a_chapter_as_it_is_stored(tmp_path):
    chapter = read_chapters(ROOT)["benchmarks"]
    path = write_slides(chapter, tmp_path, MATHJAX)
    text = path.read_text("utf-8")
    assert path.name == "00_benchmarks.html"
    assert text.count("<section") == text.count("</section>") > 30
    assert not re.search(r"\{(?:glue|cite|term|ref)[:}]", text)
    for question in read_quiz(quizzes()["benchmarks"]):
        assert question.why.split("$")[0].split("`")[0][:20] in text
    # Nothing comes from elsewhere.
    loads = [load for load in Page(text).loads if not load.startswith("data:")]
    assert loads == [MATHJAX]
