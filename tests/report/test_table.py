import pandas as pd

from nasutils.report.table import Table, in_order, without_empty_headings


def test_table_is_the_same_every_time():
    table = Table(pd.DataFrame({"Name": ["<a>"], "Value": [0.5]}), "t", words=("Name",))
    page = table._repr_html_()
    assert page == table._repr_html_()
    assert "&lt;a&gt;" in page
    assert "0.50" in page
    assert repr(table).split() == ["Name", "Value", "<a>", "0.5"]


def test_rows_in_order_are_those_that_are_there():
    frame = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    assert in_order(frame, ["c", "b", "a"])["x"].to_dict() == {"b": 2, "a": 1}
    assert in_order(frame, []).empty


def test_headings_without_words_are_plain_cells():
    page = '<tr><th class="a"></th><th>&nbsp;</th><th><p></p></th><th scope="col">tau</th></tr>'
    assert without_empty_headings(page) == (
        '<tr><td class="a"></td><td></td><td></td><th scope="col">tau</th></tr>'
    )
