"""``nasutils proxies``: list the zero-cost proxies, score a network, compare with public scores."""

import math
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nasutils.cli.output import Format, FormatOption, write_records
from nasutils.errors import NasutilsError

app = typer.Typer(
    help="Zero-cost proxies: scores without training.", no_args_is_help=True, rich_markup_mode=None
)

SCORE_EXAMPLES = """\b
Examples:
  nasutils proxies score timm:resnet18
  nasutils proxies score torchvision:vit_b_16 --size 224 --images 8 --proxy snip --proxy zen
  nasutils proxies score my_package.networks:build --batch random --format json
"""

DeviceOption = Annotated[str, typer.Option(help="cpu or cuda.")]


@app.command("list")
def list_(form: FormatOption = Format.TEXT) -> None:
    """Show every proxy: its title, its direction, what it needs."""
    from nasutils.proxies import describe

    if form != Format.TEXT:
        write_records(describe().reset_index().to_dict("records"), form)
        return
    for name, row in describe().iterrows():
        direction = "bigger" if row["bigger_is_better"] else "smaller"
        typer.echo(f"{name:10} {row['title']} ({direction} is better)")
        typer.echo(f"{'':10} needs: {row['needs'] or 'the network alone'}")


@app.command(epilog=SCORE_EXAMPLES)
def score(
    network: Annotated[
        str, typer.Argument(help="timm:NAME, torchvision:NAME or package.module:factory.")
    ],
    batch: Annotated[str, typer.Option(help="cifar10, cifar100 or random.")] = "cifar10",
    images: Annotated[int, typer.Option(help="How many images.")] = 64,
    size: Annotated[
        int | None, typer.Option(help="Their height and width, for networks that take no 32.")
    ] = None,
    proxy: Annotated[
        list[str] | None, typer.Option(help="A proxy, again for more; else all of them.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the weights, the images and the proxies.")] = 0,
    device: DeviceOption = "cpu",
    form: FormatOption = Format.TEXT,
) -> None:
    """Score one network, with new weights; what a proxy refuses is noted beside its name.

    A score is a number, or empty: "undefined" if it ranks last, else why the proxy refuses.
    """
    from nasutils.proxies import UNDEFINED, get_proxy, score
    from nasutils.proxies.models import load_batch, load_network

    for name in proxy or ():
        get_proxy(name)
    check_device(device)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  where the user's own modules are
    built = load_network(network, seed=seed).to(device)
    pixels, labels = load_batch(batch, images=images, size=size, seed=seed)
    scores = score(built, pixels, labels, proxy or None, seed=seed, errors="record", progress=True)
    notes = {name: "undefined" for name, value in scores.items() if value == UNDEFINED}
    notes |= scores.errors
    records = []
    for name, value in scores.items():
        number = value if math.isfinite(value) else None
        note = notes.get(name, "")
        records.append({"network": network, "proxy": name, "score": number, "note": note})
    write_records(records, form)


@app.command()
def compare(
    cells: Annotated[int, typer.Option(help="How many NAS-Bench-201 cells.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the cells, the images and the weights.")] = 0,
    device: DeviceOption = "cpu",
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the scores, instead of runs/proxies.")
    ] = None,
) -> None:
    """Rank cells by our scores and by the public ones; call it again to go on after a stop."""
    from nasutils.paths import repository_root
    from nasutils.proxies.compare import agreement, score_sample

    check_device(device)
    folder = folder or repository_root() / "runs" / "proxies"
    typer.echo(agreement(score_sample(folder, cells, seed=seed, device=device)).round(3))


def check_device(name: str) -> None:
    """Raise an error of ours if torch cannot compute there."""
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise NasutilsError(f"no device {name!r} here: {reason} Valid: cpu, cuda.") from error
