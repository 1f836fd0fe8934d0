"""The book as a PDF: what stops it says so, and leaves the PDF that is there."""

import sys

import pytest

from tools import pdf


def test_without_a_browser_it_says_which_it_looked_for(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="chromium"):
        pdf.find_browser()


def test_a_printing_that_fails_leaves_the_old_pdf(tmp_path, monkeypatch):
    old = tmp_path / "book.pdf"
    old.write_bytes(b"%PDF-old")

    def run(command, folder):
        if "build" in command:  # the page, but then no PDF
            page = tmp_path / command[-1] / "_build" / "singlehtml" / "intro.html"
            page.parent.mkdir(parents=True)
            page.touch()

    monkeypatch.setattr(pdf, "find_browser", lambda: "browser")
    monkeypatch.setattr(pdf, "run", run)
    with pytest.raises(SystemExit, match="no PDF"):
        pdf.print_book(tmp_path, old)
    assert old.read_bytes() == b"%PDF-old"
    assert [*tmp_path.iterdir()] == [old]


def test_a_command_that_fails_shows_what_it_said(tmp_path):
    pdf.run([sys.executable, "-c", ""], tmp_path)
    with pytest.raises(SystemExit, match="it broke"):
        pdf.run([sys.executable, "-c", "raise SystemExit('it broke')"], tmp_path)
