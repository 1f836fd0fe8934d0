"""Job files: a grid of jobs, written down in YAML.

::

    description: Ten seeds on the real tables.   # optional
    notebook: up_nas                             # a chapter's name
    scale: bench                                 # demo, bench or paper
    params: {epochs: 20}                         # optional, the same in every job
    grid: {seed: [0, 1, 2]}                      # optional, every combination is a job

A value means what it means after ``-p``: YAML's own readings (``1e-3`` a text, ``1:30`` a number)
are left aside.
"""

import itertools
import math
from pathlib import Path
from typing import Any

from nasutils.errors import JobError, UnknownNameError
from nasutils.study.jobs import Job, find_parameter, make_job
from nasutils.study.notebooks import find_notebook

_KEYS = {"description": str, "notebook": str, "scale": str, "params": dict, "grid": dict}
MOST_JOBS = 10_000
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}
_DEEPEST = 4  # a value in a list of lists of the grid


def find_job_files(root: Path) -> dict[str, Path]:
    """Return the job files of the checkout at ``root``, by name."""
    return {path.stem: path for path in sorted((root / "notebooks" / "jobs").glob("*.yaml"))}


def find_job_file(name: str, root: Path) -> Path:
    """Return the job file of a path or a name in ``notebooks/jobs``; UnknownNameError if none."""
    if (path := Path(name)).is_file():
        return path.resolve()
    if (path := root / name).is_file():
        return path
    known = find_job_files(root)
    stem = name.removesuffix(".yaml")
    if stem not in known:
        raise UnknownNameError("job file", name, known or {"(none)"})
    return known[stem]


def read_job_file(path: Path, root: Path) -> list[Job]:
    """Return the jobs of a file, all checked; the last name of the grid varies fastest.

    Raises:
        UnknownNameError: On an unknown key, notebook, scale or parameter.
        JobError: On anything else that is wrong, naming file and key.
    """
    content = _load(path)
    notebook = find_notebook(content["notebook"], root)
    texts = content.get("params", {})
    params = {name: find_parameter(notebook, name).parse(text) for name, text in texts.items()}
    grid = {}
    for name, texts in content.get("grid", {}).items():
        if name in params:
            raise JobError(f"{path.name}: {name!r} stands in both params and grid.")
        parameter = find_parameter(notebook, name)
        if not isinstance(texts, list) or not texts:
            raise JobError(f"{path.name}: grid: {name} takes a list of values, not {texts!r}.")
        grid[name] = [parameter.parse(text) for text in texts]
        if len({repr(value) for value in grid[name]}) < len(texts):
            raise JobError(f"{path.name}: grid: {name} has a value twice: {texts!r}.")
    if (size := math.prod(map(len, grid.values()))) > MOST_JOBS:
        raise JobError(f"{path.name}: grid: {size:,} jobs; at most {MOST_JOBS:,} in one file.")
    # A file outside the checkout is nobody else's: its jobs carry their own commands.
    inside = path.resolve().is_relative_to(root)
    source = batch_command(path, root) if inside else ""
    points = itertools.product(*grid.values())
    return [
        make_job(
            notebook, content["scale"], {**params, **dict(zip(grid, point, strict=True))}, source
        )
        for point in points
    ]


def batch_command(path: Path, root: Path) -> str:
    """Return the command that repeats the job file at ``path``."""
    return f"nasutils batch {path.resolve().relative_to(root).as_posix()}"


def _load(path: Path) -> dict[str, Any]:
    # Imported here: a GPU node that runs single jobs need not have it.
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.BaseLoader)):
            raise JobError(f"{path.name}: cannot be read: a job file has no aliases.")
        node = yaml.compose(text, yaml.BaseLoader)
        content = _plain(node, path) if node else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise JobError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise JobError(f"{path.name}: a job file holds keys: {', '.join(_KEYS)}.")
    for key, value in content.items():
        if key not in _KEYS:
            raise UnknownNameError(f"key in {path.name}", key, _KEYS)
        if not isinstance(value, _KEYS[key]):
            raise JobError(f"{path.name}: {key} takes a {_KEYS[key].__name__}, not {value!r}.")
    if missing := [key for key in ("notebook", "scale") if key not in content]:
        raise JobError(f"{path.name}: lacks {' and '.join(missing)}.")
    return content


def _plain(node: Any, path: Path, depth: int = 0) -> Any:
    """Return a YAML node as texts, lists and dicts, whatever YAML would take a text for."""
    where = f"{path.name}, line {node.start_mark.line + 1}"
    if node.tag not in _TAGS or depth > _DEEPEST:
        raise JobError(f"{where}: cannot be read: a job file has no tags, and no deeper lists.")
    if isinstance(node.value, str):
        return node.value
    if node.id == "sequence":
        return [_plain(each, path, depth + 1) for each in node.value]
    found: dict[str, Any] = {}
    for name, value in node.value:
        key = str(_plain(name, path, depth + 1))
        if key in found:
            raise JobError(f"{where}: {key!r} is given twice.")
        found[key] = _plain(value, path, depth + 1)
    return found
