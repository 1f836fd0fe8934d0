"""Build the book with warnings as errors, check it, and print the path of its first page."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from nasutils.files import locked
from tools.check_book import check
from tools.check_reading import check_reading


def build(source: Path, destination: Path) -> Path:
    """Build the book and return its first page.

    Every build starts from nothing in a folder of its own and is moved into place when it is
    good: no page of an earlier build stays behind, and two builds at once do not meet.

    Args:
        source: Folder with ``_config.yml`` and ``_toc.yml``.
        destination: Folder for the pages; replaced.

    Raises:
        SystemExit: If a notebook holds an error, if the build warns or fails, or if a page is not
            fit to be read, offline, by all.
    """
    if faults := stored_errors(source / "notebooks"):
        raise SystemExit("\n".join(["a notebook holds an error:", *faults]))
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="book-", dir=destination.parent) as scratch:
        # -n: unknown references are warnings; -W: warnings are errors; show all of them.
        options = ["--path-output", scratch, "-n", "-W", "--keep-going", "--quiet"]
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", *options]
        # Its output is shown on failure only: on success it names the scratch folder.
        log = Path(scratch) / "build.log"
        with log.open("w") as sink:
            failed = subprocess.run(
                command, cwd=source, stdout=sink, stderr=subprocess.STDOUT, check=False
            ).returncode
        if failed:
            raise SystemExit(f"{log.read_text()}\nthe book was not built: see the warnings above.")
        pages = Path(scratch) / "_build" / "html"
        if faults := check(pages) + check_reading(pages):
            raise SystemExit("\n".join(["the built book has faults:", *faults]))
        with locked(destination.parent / "book.lock"):
            if destination.exists():
                shutil.rmtree(destination)
            pages.rename(destination)
    return destination / "index.html"


def stored_errors(folder: Path) -> list[str]:
    """Return one sentence for each error among the stored outputs of the notebooks in a folder."""
    found = []
    for path in sorted(folder.glob("*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"], start=1):
            wanted = "raises-exception" in cell["metadata"].get("tags", [])
            for output in () if wanted else cell.get("outputs", ()):
                if output["output_type"] == "error":
                    found.append(f"{path.name}, cell {number}: {output['ename']}")
    return found


def main() -> None:
    """Build the book of this checkout."""
    root = Path.cwd()
    print(f"The book: {build(root, root / '_build' / 'html')}")


if __name__ == "__main__":
    main()
