"""The check of a built book finds what loads from elsewhere and what leads nowhere."""

import pytest
from PIL import Image

from tools.check_book import check

REMOTE = [
    '<script src="https://cdn.example/x.js"></script>',
    '<script src="//cdn.example/x.js"></script>',
    '<link rel="stylesheet" href="https://cdn.example/x.css">',
    '<link rel="preconnect" href="https://cdn.example">',
    '<img src="http://cdn.example/x.png">',
    '<img srcset="x.png 1x, https://cdn.example/x.png 2x">',
    '<iframe src="https://cdn.example/"></iframe>',
    '<object data="https://cdn.example/x.svg"></object>',
    "<style>@import 'https://cdn.example/x.css';</style>",
    "<style>p { background: url(https://cdn.example/x.png) }</style>",
    '<p style="background: url(https://cdn.example/x.png)">text</p>',
    '<svg><use href="https://cdn.example/x.svg#a"/></svg>',
]
ALLOWED = [
    '<a href="https://example.org">a link is no load</a>',
    '<link rel="canonical" href="https://example.org/">',
    '<img src="data:image/png;base64,AAAA">',
    '<script src="x.png?v=1"></script>',
    "<p>An address in prose: https://example.org/x.js</p>",
    '<a href="mailto:someone@example.org">mail</a>',
    '<a href="#here">up</a><p id="here">text</p>',
    '<a href="index.html#top">page</a>',
]


def book(folder, body):
    Image.new("RGB", (2, 2)).save(folder / "x.png")
    (folder / "index.html").write_text(f"<html><body id='top'>{body}</body></html>")
    return folder


@pytest.mark.parametrize("body", REMOTE)
def test_remote_load_is_a_fault(tmp_path, body):
    [fault] = check(book(tmp_path, body))
    assert "cdn.example" in fault
    assert "not part of the book" in fault


@pytest.mark.parametrize("body", ALLOWED)
def test_harmless_page_passes(tmp_path, body):
    assert check(book(tmp_path, body)) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<img src="missing.png">', "no such file"),
        ('<a href="missing.html">x</a>', "no such file"),
        ('<a href="#missing">x</a>', "no such anchor"),
        ('<a href="index.html#missing">x</a>', "no such anchor"),
    ],
)
def test_dead_end_is_a_fault(tmp_path, body, reason):
    [fault] = check(book(tmp_path, body))
    assert fault.startswith("index.html")
    assert fault.endswith(reason)


def test_style_sheet_is_checked_without_its_comments(tmp_path):
    (tmp_path / "a.css").write_text(
        "/* url(https://a.example) */ p { src: url('https://b.example/f') }"
    )
    [fault] = check(book(tmp_path, ""))
    assert fault == "a.css loads https://b.example/f: not part of the book"


@pytest.mark.parametrize(
    ("name", "content"),
    [("logo.svg", b"<svg><path d='M0'/>"), ("a.png", b"\x89PNG\r\n"), ("b.jpg", b"")],
)
def test_cut_picture_is_a_fault(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    [fault] = check(book(tmp_path, f'<img src="{name}">'))
    assert fault == f"index.html loads {name}: a damaged picture"


def test_no_book_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="was not built"):
        check(tmp_path)
