"""``nasutils data``: which public files there are, where they are, whether they are whole."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from nasutils.data.tables import Table

app = typer.Typer(help="Public benchmark files: list, fetch, verify.", no_args_is_help=True)

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Files or tables, as `nasutils data list` names them."),
]
Name = Annotated[str, typer.Argument(help="A file or table, as `nasutils data list` names it.")]


@app.command("list")
def list_() -> None:
    """Show every table and file: size, licence, and where it is on this machine."""
    from nasutils.data.sources import load_sources
    from nasutils.data.tables import get_table, table_names

    tables = [get_table(name) for name in table_names()]
    rows = [
        (table.name, f"{len(table.columns)} columns", f"{len(table.sources)} files", _state(table))
        for table in tables
    ]
    _print_columns(("TABLE", "HOLDS", "BUILT FROM", "STATE"), rows)
    typer.echo()
    sources = load_sources().values()
    files = [
        (source.name, f"{source.bytes / 1e3:,.0f} kB", source.licence, _place(source.name))
        for source in sources
    ]
    _print_columns(("FILE", "SIZE", "LICENCE", "WHERE"), files)
    absent = [source.bytes for source in sources if _place(source.name) == "absent"]
    typer.echo(f"\n{len(files)} files, {len(absent)} absent ({sum(absent) / 1e6:,.0f} MB).")


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
    """Check the SHA-256 of every file in the cache and the mirror; exit 1 if one is damaged."""
    from nasutils.data.fetch import cached_path, mirrored_path
    from nasutils.data.sources import load_sources

    damaged, whole = [], 0
    for source in load_sources().values():
        for path in (cached_path(source), mirrored_path(source)):
            if path is None or not path.is_file():
                continue
            if _is_whole(path, source.sha256):
                whole += 1
            else:
                damaged.append(path)
                typer.echo(f"damaged: {source.name}: {path}", err=True)
    typer.echo(f"{whole} files are whole, {len(damaged)} damaged.")
    if damaged:
        raise typer.Exit(1)


@app.command()
def path(name: Name) -> None:
    """Print where a file, or a table's cached copy, is on this machine."""
    from nasutils.data.fetch import locate
    from nasutils.data.tables import get_table, table_names
    from nasutils.errors import DataError

    _check([name])
    if name in table_names():
        copy = get_table(name).cache_path
        found = copy if copy.is_file() else None
    else:
        found = locate(name)
    if found is None:
        raise DataError(f"{name} is not on this machine. `nasutils data fetch {name}` gets it.")
    typer.echo(found)


def _check(names: Iterable[str]) -> None:
    """Raise UnknownNameError before anything starts, if a name is neither file nor table."""
    from nasutils.data.sources import load_sources
    from nasutils.data.tables import table_names
    from nasutils.errors import UnknownNameError

    known = [*table_names(), *load_sources()]
    for name in names:
        if name not in known:
            raise UnknownNameError("file or table", name, known)


def _is_whole(path: "Path", sha256: str) -> bool:
    from nasutils.data.fetch import sha256_of
    from nasutils.errors import DataError

    try:
        return sha256_of(path) == sha256
    except DataError:  # Unreadable, which is as bad.
        return False


def _state(table: "Table") -> str:
    """Say whether a table loads at once, from files that are here, or after a download."""
    from nasutils.data.fetch import available_offline

    if not table.sources:
        return "embedded"
    if table.cache_path.is_file():
        return "cached"
    absent = sum(not available_offline(name) for name in table.sources)
    return f"needs {absent} absent files" if absent else "ready to build"


def _place(name: str) -> str:
    from nasutils.data.fetch import cached_path, locate
    from nasutils.data.sources import get_source

    found = locate(name)
    if found is None:
        return "absent"
    return "cache" if found == cached_path(get_source(name)) else "mirror"


def _print_columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
