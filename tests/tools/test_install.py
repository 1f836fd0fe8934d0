"""The installer stops early with a way out, and knows when its work is done."""

import importlib.util
import sys

import pytest

from tools import install

PROJECT = '[project]\nname = "x"\ndependencies = ["torch==1.0"]\n'


def test_old_python_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    with pytest.raises(SystemExit, match=r"Python 3\.9; the book needs 3\.11 .* PYTHON="):
        install.check_interpreter()


def test_missing_ensurepip_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="python3-venv"):
        install.check_interpreter()


def test_installation_depends_on_pins_and_place(tmp_path, monkeypatch):
    def fingerprint(place, text):
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / "pyproject.toml").write_text(text)
        monkeypatch.chdir(tmp_path / place)
        return install.fingerprint()

    here = fingerprint("a", PROJECT)
    assert fingerprint("a", PROJECT.replace("1.0", "1.1")) != here
    assert fingerprint("b", PROJECT) != here
    # Settings of a tool need no new installation, which would need the network.
    assert fingerprint("a", PROJECT + "[tool.ruff]\nline-length = 100\n") == here


def test_nothing_is_run_once_it_is_installed(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "venv").mkdir()
    monkeypatch.chdir(tmp_path)
    calls = []
    monkeypatch.setattr(install, "run", calls.append)
    monkeypatch.setattr(install.subprocess, "run", lambda command, check: None)
    monkeypatch.setattr(sys, "argv", ["install", "venv"])
    install.main()
    assert [call[-1] for call in calls] == ["venv", ".[book,test]"]
    install.main()
    assert len(calls) == 2


def test_moved_environment_is_made_anew(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    assert not install.is_usable(python)
    python.with_name("pip").write_text(f"#!{python}\n")
    assert install.is_usable(python)
    moved = tmp_path / "elsewhere"
    python.parent.rename(moved)
    assert not install.is_usable(moved / "python")


def test_another_python_makes_it_anew_if_it_was_asked_for(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / "installed.sha256").write_text(install.fingerprint())
    made = []
    monkeypatch.setattr(install, "install", lambda venv, remake: made.append(remake))
    here = "{}.{}".format(*sys.version_info)
    for version, flags, expected in (
        (here, ["--remake"], []),
        ("3.1", [], []),
        ("3.1", ["--remake"], [True]),
    ):
        (venv / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}.4\n")
        monkeypatch.setattr(sys, "argv", ["install", str(venv), *flags])
        install.main()
        assert made == expected


def test_failed_step_leaves_no_stamp(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    python = tmp_path / "venv" / "bin" / "python"
    python.with_name("pip").write_text(f"#!{python}\n")
    (tmp_path / "venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "venv" / "bin" / "python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["install", "venv"])
    with pytest.raises(SystemExit, match=r"failed: .*venv/bin/python -m pip install"):
        install.main()
    assert not (tmp_path / "venv" / "installed.sha256").exists()
