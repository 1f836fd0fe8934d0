"""One job with the standard library alone, for GPU nodes that lack even the command line's parser.

``python -m nasutils.study.alone NAME --scale paper -p seed=3``, in the root of the checkout, does
what ``nasutils run NAME --scale paper -p seed=3 --as-script`` does.
"""

import argparse
import sys
from pathlib import Path

from nasutils.errors import NasutilsError
from nasutils.paths import repository_root
from nasutils.study.jobs import make_job, parse_parameters
from nasutils.study.notebooks import find_notebook
from nasutils.study.provenance import core_count
from nasutils.study.work import Task, check_runnable, skip, work


def main(arguments: list[str] | None = None) -> int:
    """Run one chapter's script; return the exit status."""
    parser = argparse.ArgumentParser("python -m nasutils.study.alone", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--scale", default="demo")
    parser.add_argument("-p", dest="parameters", action="append", default=[])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--force", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        root = repository_root()
        notebook = find_notebook(chosen.name, root)
        job = make_job(notebook, chosen.scale, parse_parameters(notebook, chosen.parameters))
        runs = (chosen.out or root / "runs").absolute()
        task = Task(job, root, runs, True, chosen.force, threads=core_count(), echo=True)
        check_runnable(task)
        outcome = skip(task) or work(task)
    except NasutilsError as error:
        print(f"nasutils: {error}", file=sys.stderr)
        return 1
    print(f"{outcome.status}: {outcome.error or outcome.folder}")
    return 1 if outcome.status == "failed" else 0


if __name__ == "__main__":
    sys.exit(main())
