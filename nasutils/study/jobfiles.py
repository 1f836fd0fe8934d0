"""Job files: a grid of jobs, written down in YAML.

::

    description: Ten seeds on the real tables.   # optional
    notebook: up_nas                             # a chapter's name
    scale: bench                                 # demo, bench or paper
    params: {epochs: 20}                         # optional, the same in every job
    grid: {seed: [0, 1, 2]}                      # optional, every combination is a job
"""

import itertools
from pathlib import Path
from typing import Any

from nasutils.errors import JobError, UnknownNameError
from nasutils.study.jobs import Job, find_parameter, make_job
from nasutils.study.notebooks import find_notebook

_KEYS = {"description": str, "notebook": str, "scale": str, "params": dict, "grid": dict}


def find_job_files(root: Path) -> dict[str, Path]:
    """Return the job files of the checkout at ``root``, by name."""
    return {path.stem: path for path in sorted((root / "notebooks" / "jobs").glob("*.yaml"))}


def find_job_file(name: str, root: Path) -> Path:
    """Return the job file at the path ``name``, or called ``name`` in ``notebooks/jobs``.

    Raises:
        UnknownNameError: If there is neither.
    """
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
    params, grid = content.get("params", {}), content.get("grid", {})
    for name, values in grid.items():
        if name in params:
            raise JobError(f"{path.name}: {name!r} stands in both params and grid.")
        find_parameter(notebook, name)
        if not isinstance(values, list) or not values:
            raise JobError(f"{path.name}: grid: {name} takes a list of values, not {values!r}.")
        if any(value in values[:n] for n, value in enumerate(values)):
            raise JobError(f"{path.name}: grid: {name} has a value twice: {values!r}.")
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

    class Loader(yaml.SafeLoader):
        """Refuses a key given twice, where YAML would silently keep the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            for key in keys:
                if keys.count(key) > 1:
                    raise JobError(f"{path.name}: {key!r} is given twice.")
            return super().construct_mapping(node, deep)

    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
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
