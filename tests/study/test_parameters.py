import pytest

from nasutils.errors import JobError
from nasutils.study.parameters import read_parameters

SOURCE = """\
scale: str = "demo"
seed: int = 0  # the seed
rate: float = 0.1
fast: bool = False
sizes: list[int] = [1, 2]
limit: int | None = None
plain = -3
"""


@pytest.fixture(scope="module")
def parameters():
    return read_parameters(SOURCE, "x.ipynb")


def test_reads_type_default_and_help(parameters):
    assert list(parameters) == ["scale", "seed", "rate", "fast", "sizes", "limit", "plain"]
    assert (parameters["seed"].kind, parameters["seed"].default) == ("int", 0)
    assert parameters["seed"].help == "the seed"
    assert parameters["limit"].annotation == "int | None"
    assert (parameters["plain"].kind, parameters["plain"].default) == ("int", -3)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("scale", "3", "3"),
        ("seed", "-7", -7),
        ("rate", "1e-3", 0.001),
        ("rate", "2", 2.0),
        ("fast", "True", True),
        ("sizes", "[3, 4]", [3, 4]),
        ("limit", "none", None),
        ("limit", "5", 5),
    ],
)
def test_parses_text(parameters, name, text, value):
    parsed = parameters[name].parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed", "1.5"),
        ("seed", "none"),
        ("seed", ""),
        ("rate", "fast"),
        ("rate", "nan"),
        ("rate", "inf"),
        ("fast", "maybe"),
        ("sizes", "3"),
        ("sizes", "[1.5]"),
        ("sizes", "[1"),
    ],
)
def test_refuses_text_of_another_type(parameters, name, text):
    with pytest.raises(JobError, match=f"parameter '{name}' takes"):
        parameters[name].parse(text)


@pytest.mark.parametrize(
    ("name", "value"), [("seed", True), ("seed", 1.0), ("seed", "1"), ("fast", 1), ("scale", 3)]
)
def test_bends_no_value(parameters, name, value):
    with pytest.raises(JobError, match=f"parameter '{name}' takes"):
        parameters[name].check(value)


@pytest.mark.parametrize(
    "source",
    ["import os", "seed: int = 1 + 1", "seed: int", "seed: complex = 1j", "print(1)", "x = {}"],
)
def test_only_literals_are_parameters(source):
    with pytest.raises(JobError, match=r"x\.ipynb: .*may hold only"):
        read_parameters(source, "x.ipynb")


def test_default_of_another_type_is_an_error():
    with pytest.raises(JobError, match="takes int"):
        read_parameters('seed: int = "a"', "x.ipynb")


def test_no_python_is_an_error():
    with pytest.raises(JobError, match="no Python"):
        read_parameters("seed: = 1", "x.ipynb")
