"""``nasutils digits``: make the embedded benchmark, ask it, describe it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="NB201-Digits, the embedded benchmark.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option(help="Folder of the chunks, instead of runs/nb201_digits.")
]


@app.command()
def make(
    cells: Annotated[
        int, typer.Option(min=1, help="How many cells of the benchmark's order.")
    ] = 1500,
    only: Annotated[
        str | None, typer.Option("--pass", help="One pass alone: training, costs or proxies.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes for the passes that train.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda, for the passes that train.")] = "cpu",
    folder: Folder = None,
) -> None:
    """Measure cells; stop it at any time, call it again to go on or to add cells."""
    from nasutils.digits.making import PASSES
    from nasutils.digits.making import make as run_pass

    for name in [only] if only else PASSES:
        run_pass(name, _folder(folder), cells, workers=workers, device=device)


@app.command()
def embed(folder: Folder = None) -> None:
    """Put the finished chunks into the package, and renew the datasheet's figures."""
    from nasutils.digits import datasheet
    from nasutils.digits.embed import embed as write

    typer.echo(f"{write(_folder(folder)):,} cells embedded")
    typer.echo(f"datasheet: {datasheet.write()}")


@app.command()
def query(arch: Annotated[str, typer.Argument(help="A NAS-Bench-201 string.")]) -> None:
    """Print a cell's accuracy; a cell that is not in the table is trained now, in seconds."""
    from nasutils.digits.query import query as ask

    answer = ask(arch)
    origin = "from the table" if answer.in_table else "not in the table: trained just now"
    typer.echo(
        f"validation {answer.valid:.2f} %, test {answer.test:.2f} %, "
        f"mean of {answer.num_seeds} seeds ({origin})"
    )


def _folder(chosen: Path | None) -> Path:
    from nasutils.paths import repository_root

    return chosen or repository_root() / "runs" / "nb201_digits"
