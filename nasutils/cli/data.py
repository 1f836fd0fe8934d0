"""``nasutils data``: which public files there are, where they are, whether they are whole."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from nasutils.cli.output import Format, FormatOption, write_records

if TYPE_CHECKING:
    from nasutils.data.tables import Table

app = typer.Typer(help="Public benchmark files: list, fetch, verify.", no_args_is_help=True)

Names = Annotated[
    list[str] | None, typer.Argument(help="Files or tables, as `nasutils data list` names them.")
]
Name = Annotated[str, typer.Argument(help="A file or table, as `nasutils data list` names it.")]


@app.command("list")
def list_(form: FormatOption = Format.TEXT) -> None:
    """Show every table and file: size, licence, and where it is on this machine."""
    from nasutils.data.sources import load_sources
    from nasutils.data.tables import get_table, table_names

    lines = [("table", name, "", "", _state(get_table(name))) for name in table_names()]
    for name, source in load_sources().items():
        lines.append(("file", name, source.bytes, source.licence, _place(name)))
    fields = ("kind", "name", "bytes", "licence", "state")
    records = [dict(zip(fields, line, strict=True)) for line in lines]
    write_records(records, form)
    absent = [each["bytes"] for each in records if each["state"] == "absent"]
    print(f"{len(absent)} files are absent ({sum(absent) / 1e6:,.0f} MB).", file=sys.stderr)


@app.command()
def fetch(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Every table.")] = False,
) -> None:
    """Make files or tables ready for use offline."""
    from nasutils.data import fetch as fetching
    from nasutils.data.tables import load_table, table_names

    tables = table_names()
    if bool(names) == everything:
        raise typer.BadParameter("name files or tables, or say --all")
    names = tables if everything else names
    _check(names)
    for name in names:
        if name in tables:
            typer.echo(f"{name}: {len(load_table(name)):,} rows")
        else:
            typer.echo(f"{name}: {fetching.fetch(name)}")


@app.command()
def verify() -> None:
    """Check the SHA-256 of every file in the cache and the mirror; exit 1 if one is damaged.

    Public files, and the tables and encoders that were made from them.
    """
    from nasutils.cache import checked_files, is_whole
    from nasutils.data.fetch import cached_path, mirrored_path
    from nasutils.data.sources import load_sources
    from nasutils.files import has_sha256, is_file
    from nasutils.paths import cache_dir

    found = {path: is_whole(path) for path in checked_files(cache_dir())}
    for source in load_sources().values():
        for path in (cached_path(source), mirrored_path(source)):
            if path is not None and is_file(path):
                found[path] = has_sha256(path, source.sha256)
    damaged = [path for path, whole in found.items() if not whole]
    for path in damaged:
        typer.echo(f"damaged: {path}", err=True)
    typer.echo(f"{len(found) - len(damaged)} files are whole, {len(damaged)} damaged.")
    if damaged:
        raise typer.Exit(1)


@app.command()
def path(name: Name) -> None:
    """Print where a file, or a table's cached copy, is on this machine."""
    from nasutils.data.fetch import locate
    from nasutils.data.tables import get_table, table_names
    from nasutils.errors import DataError
    from nasutils.files import is_file

    _check([name])
    found = get_table(name).cache_path if name in table_names() else locate(name)
    if found is None or not is_file(found):
        raise DataError(f"{name} is not on this machine. `nasutils data fetch {name}` gets it.")
    typer.echo(found)


def _check(names: Iterable[str]) -> None:
    """Raise UnknownNameError before anything starts, if a name is neither file nor table."""
    from nasutils.data.sources import load_sources
    from nasutils.data.tables import table_names
    from nasutils.errors import lookup

    known = dict.fromkeys([*table_names(), *load_sources()])
    for name in names:
        lookup("file or table", name, known)


def _state(table: "Table") -> str:
    """Say whether a table loads at once, from files that are here, or after a download."""
    from nasutils.cache import is_whole
    from nasutils.data.fetch import locate

    if not table.sources:
        return "embedded"
    if is_whole(table.cache_path):
        return "cached"
    absent = sum(locate(name) is None for name in table.sources)
    return f"needs {absent} absent files" if absent else "ready to build"


def _place(name: str) -> str:
    from nasutils.data.fetch import cached_path, locate
    from nasutils.data.sources import get_source

    found = locate(name)
    if found is None:
        return "absent"
    return "cache" if found == cached_path(get_source(name)) else "mirror"
