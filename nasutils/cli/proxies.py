"""``nasutils proxies``: list the zero-cost proxies, score a cell, compare with public scores."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Zero-cost proxies: scores without training.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """Show every proxy: its title, its direction, what it needs."""
    from nasutils.proxies import describe

    for name, row in describe().iterrows():
        direction = "bigger" if row["bigger_is_better"] else "smaller"
        typer.echo(f"{name:10} {row['title']} ({direction} is better)")
        typer.echo(f"{'':10} needs: {row['needs'] or 'the network alone'}")


@app.command()
def compare(
    cells: Annotated[int, typer.Option(help="How many NAS-Bench-201 cells.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the cells, the images and the weights.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the scores, instead of runs/proxies.")
    ] = None,
) -> None:
    """Rank cells by our scores and by the public ones; call it again to go on after a stop."""
    from nasutils.paths import repository_root
    from nasutils.proxies.compare import agreement, score_sample

    folder = folder or repository_root() / "runs" / "proxies"
    typer.echo(agreement(score_sample(folder, cells, seed=seed, device=device)).round(3))
