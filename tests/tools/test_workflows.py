"""The workflows call what there is: targets of the Makefile, under the Pythons of the package."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def jobs(path):
    return yaml.safe_load(path.read_text())["jobs"]


def steps(path):
    return [step for job in jobs(path).values() for step in job["steps"]]


def test_there_are_tests_and_pages():
    assert [path.stem for path in WORKFLOWS] == ["pages", "tests"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_is_run_are_targets_of_the_makefile(path):
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        make, *targets = command.split()
        assert make == "make"
        assert set(targets) <= TARGETS


def test_the_package_is_tested_from_its_oldest_python_on():
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    versions = jobs(ROOT / ".github/workflows/tests.yml")["package"]["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.12", "3.13"]
    assert needed == f">={versions[0]}"


def test_the_published_pages_are_the_built_book():
    [upload] = [
        step for step in steps(ROOT / ".github/workflows/pages.yml")
        if "upload-pages-artifact" in step.get("uses", "")
    ]  # fmt: skip
    assert upload["with"]["path"] == "_build/html"
