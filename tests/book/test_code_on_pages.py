"""The code on the pages about extending the book runs as it stands, and prints what they say.

The Python of a page is one program, run from top to bottom in an empty folder. A code block with a
caption is a file of that name; one of text, directly below code, is what the code prints, three
dots any text. Of shell blocks the lines that begin with ``nasutils`` are run; a
``{code-block} bash`` needs a network.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nasutils import cli
from nasutils.benchmarks.registry import BENCHMARKS
from nasutils.methods.base import METHODS
from nasutils.proxies import registry as proxies

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^```(?:\{code-block\} python\n:caption: (?P<file>\S+)\n\n|(?P<kind>python|bash|text)\n)"
    r"(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PAGES = (
    "extend_benchmark", "extend_predictor", "extend_proxy", "extend_search",
    "rank_your_own", "score_your_own",
)  # fmt: skip
#: Characters of a line of code that a page shows without scrolling.
WIDEST = 74
#: A registry -> the function of an entry, which says where the entry comes from.
REGISTERED = ((BENCHMARKS, "rows"), (METHODS, "fit"), (proxies._REGISTRY, "compute"))


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """A working folder of the page's own; what the page registers or imports is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for registry, function in REGISTERED:
        for name, entry in list(registry.items()):
            if getattr(entry, function).__module__ == "page":
                del registry[name]
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(module, "__file__", "")):
            del sys.modules[name]


def run_shell(lines):
    """Run the commands of a shell block; return what they print."""
    printed = ""
    for line in lines.replace("\\\n", "").splitlines():
        if line.startswith("nasutils "):
            result = CliRunner().invoke(cli.app, shlex.split(line, comments=True)[1:])
            assert result.exit_code == 0, result.output
            printed += result.stdout
    return printed


def run_python(code, names):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "page", "exec"), names)
    return printed.getvalue()


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_prints_what_the_page_says(page, empty_folder):
    names, printed = {"__name__": "page"}, ""
    for block in BLOCK.finditer((ROOT / "book" / f"{page}.md").read_text("utf-8")):
        if block["kind"] == "text":
            said = re.escape(block["code"]).replace(re.escape("..."), ".*")
            assert re.fullmatch(said, printed), f"{printed!r} is not {block['code']!r}"
            printed = ""
            continue
        assert printed == "", "what code prints stands on the page"
        if block["file"]:
            (empty_folder / block["file"]).write_text(block["code"])
        elif block["kind"] == "python":
            printed = run_python(block["code"], names)
        else:
            printed = run_shell(block["code"])
    assert printed == ""


def test_the_chapter_of_the_page_runs(tmp_path):
    """The page's two files, in a copy of the package, are a chapter that records figures."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "nasutils", tmp_path / "nasutils", ignore=ignored)
    (tmp_path / "_toc.yml").touch()
    blocks = list(BLOCK.finditer((ROOT / "book" / "extend_chapter.md").read_text("utf-8")))
    for block in (each for each in blocks if each["file"]):
        path = tmp_path / block["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block["code"])
    results = tmp_path / "nasutils" / "study" / "results.py"
    results.write_text(results.read_text().replace("PAPERS = (", 'PAPERS = (\n    "counting",'))
    [shell] = [each["code"] for each in blocks if each["kind"] == "bash"]
    [said] = [each["code"] for each in blocks if each["kind"] == "text"]
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(shell)],
        cwd=tmp_path,
        env={**os.environ, "NASUTILS_ROOT": str(tmp_path), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout
    [metrics] = tmp_path.glob("runs/counting/*/metrics.csv")
    assert "counting,table1,params,nb201-digits,kendall_tau" in metrics.read_text()


@pytest.mark.parametrize("page", [*PAGES, "extend_chapter"])
def test_no_line_of_code_is_cut_at_the_edge_of_the_page(page):
    text = (ROOT / "book" / f"{page}.md").read_text("utf-8")
    lines = [line for block in BLOCK.finditer(text) for line in block["code"].splitlines()]
    assert [line for line in lines if len(line) > WIDEST and not line.startswith("|")] == []
