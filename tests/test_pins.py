"""One set of pins: pyproject.toml (pip), environment.yml (conda) and what the README says."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
INSTALLED = PROJECT["dependencies"] + EXTRAS["book"] + EXTRAS["test"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
CONDA_PIP = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))


def pins(requirements):
    return dict(requirement.split("==") for requirement in requirements)


@pytest.mark.parametrize("group", ["dependencies", *EXTRAS])
def test_every_requirement_is_pinned_exactly(group):
    requirements = PROJECT["dependencies"] if group == "dependencies" else EXTRAS[group]
    assert [r for r in requirements if not re.fullmatch(r"[\w-]+==[\w.]+", r)] == []


def test_groups_agree_where_they_overlap():
    everything = [*PROJECT["dependencies"], *(r for group in EXTRAS.values() for r in group)]
    assert len(pins(everything)) == len(set(everything))


def test_conda_has_the_pins_of_pip():
    assert CONDA_PIP[-1] == "-e ."
    assert pins(CONDA_PIP[:-1]) == pins(INSTALLED)


def test_conda_python_is_one_that_the_package_accepts():
    python = next(entry for entry in CONDA if str(entry).startswith("python="))
    assert PROJECT["requires-python"] == f">={python.removeprefix('python=')}"


def test_readme_states_the_pins_it_names():
    readme = (ROOT / "README.md").read_text()
    assert f"torch is pinned to {pins(INSTALLED)['torch']}" in readme
    assert f"Python {PROJECT['requires-python'].removeprefix('>=')} or newer" in readme


def test_torch_pin_takes_cpu_and_cuda_builds_alike():
    # A local version (+cpu, +cu130) in the pin would exclude every other build.
    assert "+" not in pins(INSTALLED)["torch"]


def test_citation_names_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
