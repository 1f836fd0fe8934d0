"""What the source of a module of experiments says is what the imported module says."""

import importlib.util

import pytest

from nasutils.errors import JobError
from nasutils.study.declarations import Declaration, experiments_file, read_declarations
from nasutils.study.run import Experiment

SOURCE = """\
from nasutils.study import run
from nasutils.study.run import experiment

@experiment("ranking", 1, ("table1", "figure2"), benchmarks=lambda: ("a", "b"))
def ranking(run):
    return 1

@run.experiment(part="cost", version=12, items=("text",), default=False)
def cost(run):
    return 2

@property
def other(run):
    return 3
"""


def test_source_and_module_agree(tmp_path):
    path = tmp_path / "experiments.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("experiments", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = read_declarations(path)
    imported = [each for each in vars(module).values() if isinstance(each, Experiment)]
    assert found == {
        each.part: Declaration(each.part, each.version, each.items, each.default)
        for each in imported
    }
    assert list(found) == ["ranking", "cost"]


def test_where_a_chapter_s_experiments_are(tmp_path):
    package = tmp_path / "nasutils"
    assert experiments_file("benchmarks", tmp_path) == package / "benchmarks" / "experiments.py"
    assert experiments_file("up_nas", tmp_path) == package / "methods" / "up_nas" / "experiments.py"
    assert read_declarations(experiments_file("up_nas", tmp_path)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (", "cannot be read"),
        ('@experiment("a", VERSION, ("b",))\ndef f(run): ...', "line 1: @experiment takes a part"),
        ('@experiment("a", "1", ("b",))\ndef f(run): ...', "as literals, not"),
        ('@experiment("a", 1)\ndef f(run): ...', "as literals, not"),
        ('@experiment("a", 1, ("b",))\ndef f(run): ...\n' * 2, "two experiments are called 'a'"),
    ],
)
def test_what_is_no_declaration_is_refused(tmp_path, text, message):
    path = tmp_path / "experiments.py"
    path.write_text(text)
    with pytest.raises(JobError, match=message):
        read_declarations(path)
