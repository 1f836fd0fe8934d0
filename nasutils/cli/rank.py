"""``nasutils rank``: rank a list of your own architectures by the labels of some of them."""

from pathlib import Path
from typing import Annotated

import typer

from nasutils.cli.output import Format, FormatOption, write_records

EXAMPLES = """\b
Examples:
  nasutils rank cells.csv --space nasbench201
  nasutils rank networks.csv --space ofa_mbv3 --top 10 --format csv

\b
The file:
  arch,accuracy,params          further columns of numbers help, such as proxies
  |nor_conv_3x3~0|+...,91.2,0.8
  |skip_connect~0|+...,,0.3     no accuracy: to be ranked
"""


def rank(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns arch and accuracy.")],
    space: Annotated[str, typer.Option(help="The search space of the architectures.")],
    top: Annotated[int, typer.Option(min=1, help="How many to show.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the predictor.")] = 0,
    form: FormatOption = Format.TEXT,
) -> None:
    """Rank the architectures of a list that have no accuracy, by those that have one."""
    from nasutils.methods.leaderboard.user_list import rank_list, read_list

    found = rank_list(read_list(file), space, seed=seed).head(top)
    write_records(found.round({"score": 4}).to_dict("records"), form)
