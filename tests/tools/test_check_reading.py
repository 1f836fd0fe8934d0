"""What cannot be read of a page is found, and what can be is not."""

import pytest

from tools.check_reading import check_reading, unreadable

GOOD = """<h1>Title</h1><h2>Part</h2><h3>Detail</h3><h2>Next</h2>
<img src="a.png" alt="a curve"><img src="b.png" alt=""><svg role="img" aria-label="a plot"></svg>
<a href="#x">words</a><a href="#y" aria-label="words"></a><a href="#z"><img alt="logo"></a>
<button title="Search"><i></i></button><summary>Show</summary><table><th>τ</th><td></td></table>
<p id="a">one</p><p id="b">two</p>"""


def test_a_page_that_reads_well_has_no_faults():
    assert unreadable(GOOD) == []


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<img src="a.png">', "has no alt"),
        ('<svg role="img"></svg>', "has no aria-label"),
        ("<h1>a</h1><h3>b</h3>", "follows a heading of level 1"),
        ('<p id="a"></p><p id="a"></p>', "2 elements have the id a"),
        ('<a href="#x"><i class="icon"></i></a>', "has no words"),
        ("<button> </button>", "has no words"),
        ('<summary><i role="presentation"></i></summary>', "has no words"),
        ("<table><th>&nbsp;</th></table>", "has no words"),
    ],
)
def test_each_fault_is_named(page, fault):
    [found] = unreadable(page)
    assert fault in found


def test_faults_name_their_page(tmp_path):
    (tmp_path / "_static").mkdir()
    for name in ("a.html", "search.html", "_static/template.html"):
        (tmp_path / name).write_text('<img src="a.png">')
    [fault] = check_reading(tmp_path)
    assert fault.startswith("a.html: ")
