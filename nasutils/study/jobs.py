"""A job: one notebook, at one scale, with one set of parameters, in one folder."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasutils.errors import JobError, UnknownNameError
from nasutils.study.declarations import ALL
from nasutils.study.notebooks import Notebook
from nasutils.study.parameters import Parameter
from nasutils.study.scales import Scale


@dataclass(frozen=True)
class Job:
    """A job, checked: whoever holds one may start it.

    It has every parameter of the notebook but ``out``. Its source is the command or job file that
    repeats it, as published.
    """

    notebook: Notebook
    scale: Scale
    parameters: Mapping[str, Any]
    source: str = ""

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits of what decides the result.

        That is the chapter, the experiments that the job selects with the versions that they
        declare, and every parameter, the scale among them. It is neither the way of running it nor
        the code, whose every edit would undo hours of work: a run remembers the code that its
        experiments depend on, and is called stale once that has changed. A notebook without a
        module of experiments stands for itself: its code cells are part of the key.
        """
        chosen = self.experiments
        what = [self.notebook.chapter, chosen] if chosen else [self.notebook.source_hash]
        text = json.dumps([*what, dict(self.parameters)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def experiments(self) -> dict[str, int]:
        """The selected experiments and their versions; none where the chapter declares none."""
        selected = self.notebook.selected(self.parameters.get("part", ALL))
        return {part: declared.version for part, declared in selected.items()}

    @property
    def command(self) -> str:
        """The command that repeats this one job."""
        defaults = self.notebook.parameters
        changed = [
            f"-p {name}={shlex.quote(value if isinstance(value, str) else json.dumps(value))}"
            for name, value in self.parameters.items()
            if name != "scale" and value != defaults[name].default
        ]
        return " ".join(["nasutils run", self.notebook.chapter, f"--scale {self.scale}", *changed])

    def folder(self, runs: Path) -> Path:
        """Return the folder of this job's run."""
        return runs / self.notebook.chapter / self.key


def make_job(
    notebook: Notebook, scale: str, parameters: Mapping[str, Any], source: str = ""
) -> Job:
    """Return a job after checking all that can be checked before a kernel starts.

    The parameters are values that differ from the notebook's own, texts being parsed before; the
    source is what repeats the job, where that is not its own command.

    Raises:
        UnknownNameError: On a scale, parameter or part that does not exist.
        JobError: On a value of the wrong type.
    """
    notebook.check_pair()
    values = {name: p.default for name, p in notebook.parameters.items() if name != "out"}
    for name, value in parameters.items():
        values[name] = find_parameter(notebook, name).check(value)
    values["scale"] = str(Scale(scale))
    job = Job(notebook, Scale(scale), values, source)
    _ = job.experiments  # which raises where there is no such part
    return job


def parse_parameters(notebook: Notebook, texts: list[str]) -> dict[str, Any]:
    """Read the ``key=value`` of the command line.

    Raises:
        UnknownNameError: On a parameter that the notebook does not have.
        JobError: On a text without ``=``, a value of the wrong type, or a name given twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise JobError(f"-p takes name=value, not {text!r}.")
        if name in values:
            raise JobError(f"parameter {name!r} is given twice.")
        values[name] = find_parameter(notebook, name).parse(value)
    return values


def find_parameter(notebook: Notebook, name: str) -> Parameter:
    """Return a parameter that a user may set: all but ``scale`` and ``out``, set otherwise.

    Raises:
        JobError, UnknownNameError: If it is one of these, or there is none of this name.
    """
    if name == "scale":
        raise JobError("the scale is no -p parameter: use --scale (job file: 'scale').")
    if name == "out":
        raise JobError("'out' is set by the job: its results go to runs/.")
    if name not in notebook.parameters:
        choices = set(notebook.parameters) - {"scale", "out"}
        raise UnknownNameError(f"parameter of {notebook.chapter}", name, choices or {"(none)"})
    return notebook.parameters[name]
