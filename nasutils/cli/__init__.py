"""The command line ``nasutils``; its rooms are imported when they are asked for."""

import contextlib
import importlib
import sys
from collections.abc import Callable
from typing import Annotated

import typer

import nasutils
from nasutils.cli import rank, study
from nasutils.cli.output import PatientStream
from nasutils.errors import NasutilsError

_HELP = """Rerun the chapters of the book, with other parameters or at another scale.

\b
Examples:
  nasutils list                                   the chapters and their parameters
  nasutils run benchmarks -p seed=3               one chapter, another seed, on any laptop
  nasutils run benchmarks --scale bench           the same on the real benchmark tables
  nasutils batch benchmarks_bench --workers 4     a grid of runs; done ones are skipped
  nasutils publish benchmarks_bench               their figures into the book
  nasutils results benchmarks                     the published figures
  nasutils show runs/benchmarks/HASH              a run as a page to read
  nasutils proxies score timm:resnet18            any network's scores without training
  nasutils rank cells.csv --space nasbench201     your own architectures by your own labels

\b
Scales:
  demo    built-in data, about 2 minutes a chapter, no network (default)
  bench   the real tables (downloaded once, see 'nasutils data'), CPU, up to an hour
  paper   the paper's own schedule, one GPU

A run leaves its executed notebook, its figures (metrics.csv), its log and its provenance in
runs/CHAPTER/HASH of the checkout. 'nasutils COMMAND --help' says more.
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_FORWARD = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
}


def main() -> None:
    """Run the command line; an error of ours, or of the system, is one line, and status 1."""
    with contextlib.redirect_stdout(PatientStream(sys.stdout)):
        try:
            app(prog_name="nasutils")
        except (NasutilsError, OSError) as error:
            print(f"nasutils: {error}", file=sys.stderr)
            sys.exit(1)
        finally:
            sys.stdout.flush()


def _print_version(wanted: bool) -> None:
    if wanted:
        print(nasutils.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


app.command("list")(study.list_)
app.command(epilog=study.RUN_EXAMPLES)(study.run)
app.command(epilog=study.BATCH_EXAMPLES)(study.batch)
app.command(epilog=study.PUBLISH_EXAMPLES)(study.publish)
app.command()(study.results)
app.command(epilog=study.SHOW_EXAMPLES)(study.show)
app.command(epilog=rank.EXAMPLES)(rank.rank)


def _room(name: str) -> Callable[[typer.Context], None]:
    """Return what hands the rest of the line to a room's own commands, imported only then."""

    def forward(context: typer.Context) -> None:
        room = importlib.import_module(f"nasutils.cli.{name}")
        room.app(context.args, prog_name=f"nasutils {name}")

    return forward


for _name, _help in {
    "data": "Fetch and verify the benchmark files.",
    "digits": "Make the embedded benchmark NB201-Digits.",
    "proxies": "Score networks without training, and compare with public scores.",
}.items():
    app.command(_name, help=_help, add_help_option=False, context_settings=_FORWARD)(_room(_name))
