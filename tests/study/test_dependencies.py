"""The files that an import would run, found without importing anything."""

import subprocess
import sys
from pathlib import Path

import nasutils
from nasutils.study.dependencies import dependencies

PACKAGE = Path(nasutils.__file__).parent
FILES = {
    "__init__.py": "",
    "errors.py": "",
    "methods/__init__.py": "",
    "methods/tiny/__init__.py": "from nasutils.methods.tiny.model import Model",
    "methods/tiny/experiments.py": "from nasutils.study.run import experiment\nfrom . import parts",
    "methods/tiny/model.py": "import nasutils.errors\nimport torch",
    "methods/tiny/parts.py": "def f():\n  from ...data import tables\n  from ..common import a, b",
    "methods/common/a.py": "",
    "methods/common/b.py": "from nasutils import study",
    "methods/common/c.py": "",
    "data/__init__.py": "",
    "data/tables.py": "MODULES = ('nasutils.data.cells', 'nasutils.data.missing')",
    "data/cells.py": "PATH = FOLDER / 'cells.csv'",
    "data/unused.py": "PATH = FOLDER / 'other.csv'",
    "data/embedded/cells.csv": "x",
    "data/embedded/other.csv": "y",
    "study/__init__.py": "from nasutils.data import unused",
    "study/run.py": "from nasutils.data import unused",
}
LEFT_OUT = {
    "__init__.py",
    "methods/common/c.py",
    "data/unused.py",
    "data/embedded/other.csv",
    "study/__init__.py",
    "study/run.py",
}


def test_imports_are_followed(tmp_path):
    package = tmp_path / "nasutils"
    for name, text in FILES.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    found = dependencies(package / "methods/tiny/experiments.py", package)
    assert {path.relative_to(package).as_posix() for path in found} == FILES.keys() - LEFT_OUT


def test_nothing_that_python_imports_is_missing():
    module = "nasutils.data.tables"
    found = dependencies(PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py"), PACKAGE)
    code = (
        f"import sys, {module}\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('nasutils.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {Path(path) for path in done.stdout.split()}
    assert loaded - set(found) <= set((PACKAGE / "study").rglob("*.py"))


def test_every_data_file_is_named_by_some_module():
    """Else an experiment that reads it would not become stale with it."""
    data = {
        path.name for path in (PACKAGE / "data").rglob("*.*") if path.suffix not in (".py", ".pyc")
    }
    text = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert {name for name in data if f'"{name}"' not in text} == set()
