"""Run a paired script, cell by cell, with the standard library alone.

``python -m nasutils.study.as_script SCRIPT PART``: for machines without Jupyter. Parameters come
from ``PART/provenance.json`` and are set after the cell tagged ``parameters``, as papermill does.
"""

import builtins
import os
import sys
import traceback
import types
import warnings
from pathlib import Path

from nasutils.study import child, provenance
from nasutils.study.notebooks import read_script


def main(script: Path, part: Path) -> int:
    """Run the script; return the exit status."""
    child.follow_parent()
    parameters = {**provenance.read(part)["parameters"], "out": str(part)}
    module = _prepare()
    cells = read_script(script)
    for cell in cells:
        child.announce(cell.number, len(cells))
        try:
            # Blank lines in front give every line its number in the file, for tracebacks.
            source = "\n" * (cell.line - 1) + cell.source
            exec(compile(source, str(script), "exec", dont_inherit=True), module.__dict__)
        except SystemExit as end:
            child.report_error(part, cell.number, 0, cell.source, f"SystemExit: {end.code}")
            return 1
        except Exception as error:
            traceback.print_exc()
            name = f"{type(error).__name__}: {error}"
            line = _line(error, script) - cell.line + 1
            child.report_error(part, cell.number, line, cell.source, name)
            return 1
        if "parameters" in cell.tags:
            module.__dict__.update(parameters)
    child.report_end(part)
    return 0


def _prepare() -> types.ModuleType:
    """Make the namespace of the cells look like a notebook's, without its screen."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    warnings.filterwarnings("ignore", message=".*non-interactive.*", category=UserWarning)
    builtins.display = print
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    return module


def _line(error: Exception, script: Path) -> int:
    """Return the line of the script that was running, or that does not parse."""
    if isinstance(error, SyntaxError) and error.filename == str(script):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 0 for f in frames if f.filename == str(script)), 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
