"""A step of `make test` that silently did nothing is found."""

import pytest

from tools.check_run import FEWEST_TESTS, REAL_DATA, faults

SKIP = '<testcase classname="data" name="x"><skipped message="{}"/></testcase>'


def junit(path, ran, *skips, classname="notebooks.00_a"):
    cases = [f'<testcase classname="{classname}" name="Cell {i}"/>' for i in range(ran)]
    cases += [SKIP.format(reason) for reason in skips]
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")


@pytest.fixture
def good(tmp_path):
    """Reports and a checkout in which every step did its work."""
    junit(tmp_path / "unit.xml", FEWEST_TESTS)
    junit(tmp_path / "notebooks.xml", 3)
    for path in (
        "notebooks/00_a.ipynb",
        "_build/html/notebooks/00_a.html",
        "_build/html/index.html",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path


def test_good_run_passes(good):
    assert faults(good, good, has_mirror=True) == []


def test_few_tests(good):
    junit(good / "unit.xml", FEWEST_TESTS - 1)
    assert "unit tests ran" in faults(good, good, has_mirror=False)[0]


def test_real_data_skipped_although_the_mirror_is_there(good):
    junit(good / "unit.xml", FEWEST_TESTS, REAL_DATA)
    assert faults(good, good, has_mirror=False) == []
    assert "real data were skipped" in faults(good, good, has_mirror=True)[0]


def test_other_skips_are_no_fault(good):
    junit(good / "unit.xml", FEWEST_TESTS, "no GPU")
    assert faults(good, good, has_mirror=True) == []


def test_notebook_not_checked_and_not_built(good):
    (good / "notebooks" / "01_b.ipynb").touch()
    assert faults(good, good, has_mirror=False) == [
        "01_b.ipynb was not checked",
        "01_b.ipynb is not in the book",
    ]


def test_no_notebooks(good):
    (good / "notebooks" / "00_a.ipynb").unlink()
    assert faults(good, good, has_mirror=False) == ["there are no notebooks"]


def test_no_book(good):
    (good / "_build" / "html" / "index.html").unlink()
    assert faults(good, good, has_mirror=False) == ["the book was not built"]
