import csv
import hashlib
import json
import subprocess
import sys
from types import MappingProxyType

import pytest
from typer.testing import CliRunner

from nasutils.cache import cached
from nasutils.cli.data import app
from nasutils.data import sources
from nasutils.data.sources import Source
from nasutils.errors import DataError, UnknownNameError

CONTENT = b"hello"


def source(name):
    return Source(
        name=name,
        description="a toy",
        url=f"https://example.org/owner/{name}.csv",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        bytes=len(CONTENT),
        licence="MIT",
        cite=(),
        citation="",
    )


@pytest.fixture
def folders(monkeypatch, tmp_path):
    """Three toy files: one in the cache, one in the mirror, one absent."""
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NASUTILS_MIRROR", str(tmp_path / "mirror"))
    register = dict(sources.load_sources())
    toys = {name: source(name) for name in ("cached", "mirrored", "absent")}
    monkeypatch.setattr(sources, "load_sources", lambda: MappingProxyType(register | toys))
    paths = {
        "cached": tmp_path / "cache" / "files" / "example.org" / "owner" / "cached.csv",
        "mirrored": tmp_path / "mirror" / "example.org" / "owner" / "mirrored.csv",
    }
    for path in paths.values():
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
    return paths


def run(*arguments):
    return CliRunner().invoke(app, arguments)


def test_list_shows_size_licence_and_place(folders):
    result = run("list")
    assert result.exit_code == 0
    lines = {words[1]: words for words in map(str.split, result.stdout.splitlines())}
    assert lines["cached"] == ["file", "cached", "5", "MIT", "cache"]
    assert lines["mirrored"][-1] == "mirror"
    assert lines["absent"][-1] == "absent"
    assert lines["cifar10_archive"][2] == "170498071"
    assert lines["nasbench201"][0] == "table"
    assert "files are absent" in result.stderr


def test_verify_passes_whole_files(folders):
    result = run("verify")
    assert result.exit_code == 0
    assert "2 files are whole, 0 damaged." in result.output


@pytest.mark.parametrize("name", ["cached", "mirrored"])
def test_verify_names_damaged_files_and_fails(folders, name):
    folders[name].write_bytes(b"hullo")
    result = run("verify")
    assert result.exit_code == 1
    assert f"damaged: {folders[name]}" in result.output
    assert "1 files are whole, 1 damaged." in result.output


def test_verify_covers_what_was_made(folders, tmp_path):
    table = tmp_path / "cache" / "tables" / "toy.parquet"
    table.parent.mkdir()
    cached(table, load=str, make=lambda: "made", save=lambda made, path: path.write_text(made))
    assert "3 files are whole, 0 damaged." in run("verify").output
    table.write_text("mode")
    result = run("verify")
    assert result.exit_code == 1
    assert f"damaged: {table}" in result.output


@pytest.mark.parametrize("form", ["json", "csv"])
def test_list_for_programs(folders, form):
    output = run("list", "--format", form).stdout
    records = json.loads(output) if form == "json" else list(csv.DictReader(output.splitlines()))
    by_name = {each["name"]: each for each in records}
    assert str(by_name["cached"]["bytes"]) == "5"
    assert by_name["absent"]["state"] == "absent"
    assert by_name["nb201_digits"] == {
        "kind": "table", "name": "nb201_digits", "bytes": "", "licence": "", "state": "embedded",
    }  # fmt: skip


def test_path(folders):
    assert run("path", "cached").output.strip() == str(folders["cached"])
    missing = run("path", "absent")
    assert isinstance(missing.exception, DataError)
    assert "nasutils data fetch absent" in str(missing.exception)


def test_fetch_several(folders):
    result = run("fetch", "cached", "mirrored")
    assert result.output.splitlines() == [f"{name}: {path}" for name, path in folders.items()]


def test_names_are_checked_before_anything_starts(folders):
    result = run("fetch", "cached", "mirored")
    assert isinstance(result.exception, UnknownNameError)
    assert "Did you mean 'mirrored'?" in str(result.exception)
    assert not result.output


@pytest.mark.real_data
def test_fetching_a_table_makes_it_ready(real_data):
    result = run("fetch", "nasbench201")
    assert result.output == "nasbench201: 15,625 rows\n"
    assert run("path", "nasbench201").output.strip().endswith(".parquet")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from nasutils.cli.data import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print({'pandas', 'numpy', 'torch', 'requests'} & set(sys.modules))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "set()"


def test_fetch_all_makes_every_table_and_files_need_no_second_word(folders, monkeypatch):
    from nasutils.data import tables

    asked = []
    monkeypatch.setattr(tables, "load_table", lambda name: asked.append(name) or [])
    assert run("fetch", "--all").exit_code == 0
    assert asked == tables.table_names()


@pytest.mark.parametrize("arguments", [(), ("cached", "--all")])
def test_fetch_wants_names_or_all_but_not_both(folders, arguments):
    result = run("fetch", *arguments)
    assert result.exit_code == 2
    assert "--all" in result.output
