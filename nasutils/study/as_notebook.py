"""Run a notebook through papermill.

``python -m nasutils.study.as_notebook NOTEBOOK PART``: the executed notebook goes to ``PART``,
parameters come from ``PART/provenance.json``.
"""

import re
import sys
from pathlib import Path
from typing import Any

from nasutils.study import child, provenance
from nasutils.study.notebooks import Cell, read_notebook

_FRAME = re.compile(r"Cell In\[\d+\], line (\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def main(path: Path, part: Path) -> int:
    """Run the notebook; return the exit status."""
    # A grammar of internationalised addresses, built at import in two seconds: jsonschema does
    # without, and notebooks have no use for it.
    sys.modules["rfc3987_syntax"] = None
    # Imported here: a GPU node that runs scripts need not have it.
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    child.follow_parent()
    cells = read_notebook(path)
    running = _Counter(cells)
    try:
        papermill.execute_notebook(
            path,
            part / path.name,
            parameters={**provenance.read(part)["parameters"], "out": str(part)},
            kernel_name="python3",
            language="python",
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stdout,
            on_cell_execute=running.begin,
            # When told to end, do not wait for the cell that runs.
            shutdown_kernel="immediate",
            # Others on the same machine can neither read nor write what goes to the kernel.
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        )
    except PapermillExecutionError as error:
        trace = _COLOUR.sub("", "\n".join(error.traceback))
        print(trace)
        frame = _FRAME.search(trace)
        _report(part, running.cell, int(frame[1]) if frame else 0, f"{error.ename}: {error.evalue}")
        return 1
    except Exception as error:
        # The kernel died or never started: no traceback of the notebook's own.
        _report(part, running.cell, 0, f"{type(error).__name__}: {error}")
        return 1
    if running.cell.number == running.total:
        child.report_end(part)
        return 0
    # papermill takes sys.exit(0) for a good end, whatever comes after.
    _report(part, running.cell, 0, "SystemExit: 0")
    return 1


class _Counter:
    """Follows the execution; papermill's own cell of injected parameters is not counted."""

    def __init__(self, cells: list[Cell]) -> None:
        self.total = len(cells)
        self.cells = iter(cells)
        self.cell = Cell(0, "", ())

    def begin(self, cell: Any, cell_index: int) -> None:
        if cell["cell_type"] == "code" and "injected-parameters" not in cell.metadata.get(
            "tags", ()
        ):
            self.cell = next(self.cells)
            child.announce(self.cell.number, self.total)


def _report(part: Path, cell: Cell, line: int, error: str) -> None:
    child.report_error(part, cell.number, line, cell.source, error)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
