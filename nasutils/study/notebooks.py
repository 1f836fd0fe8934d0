"""Notebooks, found and read with the standard library alone.

A chapter is ``notebooks/NN_name.ipynb`` paired with ``NN_name.py`` (jupytext's percent format).
Its name on the command line is ``name``.
"""

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from nasutils.errors import JobError, UnknownNameError
from nasutils.study.declarations import ALL, Declaration, experiments_file, read_declarations
from nasutils.study.parameters import Parameter, read_parameters

_NAME = re.compile(r"\d\d_(?P<chapter>\w+)\.(ipynb|py)")
# A blank tells a cell from a cell magic, as in "# %%time".
_MARKER = re.compile(r"^# %%(?P<options>\s.*)?$")
_TAGS = re.compile(r"tags=(\[[^\]]*\])")
_MAGIC = re.compile(r"^(\s*)(?:# )?(?=[%!])")


@dataclass(frozen=True)
class Cell:
    """A code cell: its number among them and, in a script, the line that it begins at, from 1."""

    number: int
    source: str
    tags: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True)
class Notebook:
    """A chapter's notebook and its paired script; at least one of the two files exists."""

    chapter: str
    path: Path
    script: Path

    @property
    def root(self) -> Path:
        """The checkout that holds it."""
        return self.path.parents[1]

    @functools.cached_property
    def experiments(self) -> dict[str, Declaration] | None:
        """What the chapter's module of experiments declares, by part; None where it has none."""
        return read_declarations(experiments_file(self.chapter, self.root))

    def selected(self, part: str) -> dict[str, Declaration]:
        """Return the experiments that the parameter ``part`` selects; UnknownNameError if none."""
        declared = self.experiments or {}
        if part in declared:
            return {part: declared[part]}
        if part != ALL and self.experiments is not None:
            raise UnknownNameError(f"part of {self.chapter}", part, (ALL, *declared))
        return {name: each for name, each in declared.items() if each.default}

    @functools.cached_property
    def cells(self) -> list[Cell]:
        """The code cells, from the notebook where there is one."""
        return read_notebook(self.path) if self.path.is_file() else read_script(self.script)

    @functools.cached_property
    def parameters(self) -> dict[str, Parameter]:
        """What the notebook can be told, by name; ``scale`` and ``out`` are always among them."""
        tagged = [cell for cell in self.cells if "parameters" in cell.tags]
        if len(tagged) != 1:
            raise JobError(f"{self.path.name}: {len(tagged)} cells tagged parameters, not one.")
        found = read_parameters(tagged[0].source, self.path.name)
        for name in ("scale", "out"):
            if name not in found or found[name].kind != "str":
                raise JobError(f"{self.path.name}: the cell tagged parameters lacks '{name}: str'.")
        return found

    @functools.cached_property
    def source_hash(self) -> str:
        """Hash of the code cells: all that decides the result of a chapter without experiments."""
        text = json.dumps([[_normal(cell.source), cell.tags] for cell in self.cells])
        return hashlib.sha256(text.encode()).hexdigest()

    def check_pair(self) -> None:
        """Raise JobError where notebook and script hold different code."""
        if not (self.path.is_file() and self.script.is_file()):
            return
        ours = [(_normal(cell.source), cell.tags) for cell in self.cells]
        theirs = [(_normal(cell.source), cell.tags) for cell in read_script(self.script)]
        if ours != theirs:
            pairs = enumerate(zip(ours, theirs, strict=False), start=1)
            shorter = min(len(ours), len(theirs)) + 1
            number = next((n for n, (a, b) in pairs if a != b), shorter)
            raise JobError(
                f"{self.path.name} and {self.script.name} differ from code cell {number} on; "
                f"if the script is right: jupytext --to ipynb --update {self.script}"
            )


def find_notebooks(root: Path) -> dict[str, Notebook]:
    """Return the chapters of the checkout at ``root``, by name, in the book's order."""
    found = {}
    for path in sorted((root / "notebooks").glob("*")):
        if match := _NAME.fullmatch(path.name):
            chapter = match["chapter"]
            found[chapter] = Notebook(chapter, path.with_suffix(".ipynb"), path.with_suffix(".py"))
    return found


def find_notebook(name: str, root: Path) -> Notebook:
    """Return the chapter of a name, ``NN_name`` or its file; UnknownNameError if there is none."""
    notebooks = find_notebooks(root)
    by_stem = {notebook.path.stem: notebook for notebook in notebooks.values()}
    found = notebooks.get(name) or by_stem.get(Path(name).stem)
    if found is None:
        raise UnknownNameError("notebook", name, notebooks or {"(none)"})
    return found


def read_notebook(path: Path) -> list[Cell]:
    """Return the code cells of an ``.ipynb`` file."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return [
            Cell(number, "".join(cell["source"]), tuple(cell["metadata"].get("tags", ())))
            for number, cell in enumerate(code, start=1)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise JobError(f"{path} is no notebook: {error!r}.") from None


def read_script(path: Path) -> list[Cell]:
    """Return the code cells of a script in percent format, with the lines they begin at."""
    cells: list[Cell] = []
    lines: list[str] = []
    options, begin = None, 1

    def close() -> None:
        if options is not None and not re.search(r"\[(markdown|md|raw)\]", options):
            tags = _TAGS.search(options)
            source = "\n".join(lines).strip("\n")
            skipped = next((n for n, line in enumerate(lines) if line), 0)
            found = tuple(json.loads(tags[1])) if tags else ()
            cells.append(Cell(len(cells) + 1, source, found, begin + skipped))

    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := _MARKER.match(line):
            close()
            options, begin, lines = match["options"] or "", number + 1, []
        else:
            lines.append(line)
    close()
    return cells


def _normal(source: str) -> str:
    """Return the source as notebook and script share it: a script holds magics as comments."""
    return "\n".join(_MAGIC.sub(r"\1", line) for line in source.strip("\n").split("\n"))
