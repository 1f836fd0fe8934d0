"""Print the book as one PDF: all pages on one, by Chromium, which lays out the formulas as well."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_MINUTES = 10


def find_browser() -> str:
    """Return the browser that prints.

    Raises:
        SystemExit: If there is none.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit(f"a PDF needs one of the browsers {', '.join(BROWSERS)}: none was found.")
    return found


def print_book(source: Path, destination: Path) -> Path:
    """Build the book on a single page, print it, and return the PDF.

    Args:
        source: Folder with ``_config.yml`` and ``_toc.yml``.
        destination: The PDF; replaced when the new one is whole.

    Raises:
        SystemExit: If there is no browser, or the build or the printing fails.
    """
    browser = find_browser()
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pdf-", dir=destination.parent) as scratch:
        build = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--quiet"]
        run([*build, "--builder", "singlehtml", "--path-output", scratch], source)
        page = next(Path(scratch).glob("_build/singlehtml/*.html"))
        printed = Path(scratch) / "book.pdf"
        # Scripts get this many milliseconds of the page's own clock to lay out the formulas.
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
        options += ["--virtual-time-budget=120000", f"--user-data-dir={scratch}/profile"]
        run([browser, *options, f"--print-to-pdf={printed}", page.as_uri()], source)
        if not printed.is_file() or not printed.read_bytes().startswith(b"%PDF"):
            raise SystemExit(f"{browser} has printed no PDF.")
        printed.replace(destination)
    return destination


def run(command: list[str | Path], folder: Path) -> None:
    """Run a command silently; SystemExit with what it said if it fails."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60 * _MINUTES, check=False
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{done.stderr}\n{command[0]} has failed.")


def main() -> None:
    """Print the book of this checkout."""
    root = Path.cwd()
    print(f"The PDF: {print_book(root, root / '_build' / 'book.pdf')}")


if __name__ == "__main__":
    main()
