"""The directives that draw the data pages from the package."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

from nasutils.data.sources import load_sources
from nasutils.data.tables import get_table, table_names
from nasutils.proxies import get_proxy, proxy_names

PATH = Path(__file__).parents[2] / "book" / "_ext" / "generated_tables.py"


@pytest.fixture(scope="module")
def extension():
    spec = importlib.util.spec_from_file_location("generated_tables", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(directive):
    # The text depends on the package alone, so no running Sphinx is needed.
    return "\n".join(directive.markdown(object.__new__(directive)))


def test_table_aligns_columns_and_escapes_bars(extension):
    lines = list(extension.table({"Name": "left", "kB": "right"}, [["a|b", 1], ["c", 2]]))
    assert lines[4:8] == ["| Name | kB |", "| :--- | ---: |", r"| a\|b | 1 |", "| c | 2 |"]


def test_every_file_is_listed_with_licence_address_and_citation(extension):
    text = written(extension.DataSources)
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert len(rows) == len(load_sources())
    for row, source in zip(rows, load_sources().values(), strict=True):
        assert all(part in row for part in (source.url, source.licence, *source.cite))


def test_every_column_of_every_table_is_documented(extension):
    text = written(extension.DataTables)
    for name in table_names():
        assert f"`{name}`" in text
        assert all(f"| `{column}` |" in text for column in get_table(name).columns)


def test_every_proxy_is_defined(extension):
    text = written(extension.ProxyRegistry)
    for proxy in map(get_proxy, proxy_names()):
        assert all(part in text for part in (f"`{proxy.name}`", proxy.equation, proxy.source))
    assert "UNDEFINED" not in text  # the page says what it is


def test_performance_cannot_write_html(extension, tmp_path):
    path = tmp_path / "book" / "results" / "performance.csv"
    path.parent.mkdir(parents=True)
    path.write_text("task,measure,value,target,machine,date\n<b>t</b>,time,1 s,,<i>m</i>,today\n")
    directive = object.__new__(extension.Performance)
    env = SimpleNamespace(srcdir=tmp_path, note_dependency=lambda name: None)
    directive.state = SimpleNamespace(
        document=SimpleNamespace(settings=SimpleNamespace(env=env)), memo=None
    )
    text = "\n".join(directive.markdown())
    assert "&lt;b&gt;t&lt;/b&gt;" in text
    assert not [tag for tag in ("<b>", "<i>") if tag in text]
