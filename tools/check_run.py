"""Check that a run of ``make test`` did its work: a step that silently did nothing is a failure."""

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

# Far below what there is, far above what is left when a folder is not collected.
FEWEST_TESTS = 500
REAL_DATA = "benchmark files not here"


def executed(report: Path) -> tuple[list[ET.Element], list[str]]:
    """Return the test cases that ran and the reasons of those that were skipped.

    Args:
        report: A JUnit file written by pytest.
    """
    cases = list(ET.parse(report).iter("testcase"))
    skips = [(case, case.find("skipped")) for case in cases]
    ran = [case for case, skip in skips if skip is None]
    return ran, [skip.get("message", "") for _, skip in skips if skip is not None]


def faults(reports: Path, root: Path, has_mirror: bool) -> list[str]:
    """Return one sentence for each step that did less than it should.

    Args:
        reports: Folder with ``unit.xml`` and ``notebooks.xml``.
        root: The checkout.
        has_mirror: Whether the real benchmark files are there, so that their tests must run.
    """
    found = []
    ran, skipped = executed(reports / "unit.xml")
    if len(ran) < FEWEST_TESTS:
        found.append(f"only {len(ran)} unit tests ran")
    missing = [reason for reason in skipped if REAL_DATA in reason]
    if has_mirror and missing:
        found.append(f"{len(missing)} tests of the real data were skipped: {missing[0]}")

    cells, _ = executed(reports / "notebooks.xml")
    checked = " ".join(f"{case.get('classname')} {case.get('name')}" for case in cells)
    notebooks = sorted((root / "notebooks").glob("*.ipynb"))
    if not notebooks:
        found.append("there are no notebooks")
    found += [f"{path.name} was not checked" for path in notebooks if path.stem not in checked]

    pages = root / "_build" / "html"
    if not (pages / "index.html").is_file():
        found.append("the book was not built")
    found += [
        f"{path.name} is not in the book"
        for path in notebooks
        if not (pages / "notebooks" / f"{path.stem}.html").is_file()
    ]
    return found


def main() -> None:
    """Check the reports in the folder named by the first argument."""
    found = faults(Path(sys.argv[1]), Path.cwd(), "NASUTILS_MIRROR" in os.environ)
    if found:
        raise SystemExit("\n".join(["a step did not do its work:", *found]))
    print("every step did its work")


if __name__ == "__main__":
    main()
