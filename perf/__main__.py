"""Run every ``bench_*.py`` beside this file, or those named on the command line."""

import importlib
import sys
from pathlib import Path

from nasutils.errors import DataError
from perf.harness import announce, write

HERE = Path(__file__).parent
TABLE = HERE.parent / "book" / "results" / "performance.csv"


def main() -> None:
    """Measure, print, and, where nothing was left out, write the table of the book."""
    modules = sorted(path.stem for path in HERE.glob("bench_*.py"))
    chosen = sys.argv[1:] or modules
    if unknown := set(chosen) - set(modules):
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(modules)}")
    found = []
    for name in chosen:
        try:
            found += announce(importlib.import_module(f"perf.{name}").measure())
        except DataError as error:
            raise SystemExit(f"{name} needs the real tables: {error}") from None
    if chosen == modules:
        write(found, TABLE)
        print(f"written to {TABLE}")


if __name__ == "__main__":
    main()
