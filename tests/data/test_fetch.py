"""The fetcher against a server on this machine that can be slow, cut off and wrong."""

import contextlib
import errno
import gc
import hashlib
import http.server
import subprocess
import sys
import threading
from pathlib import Path
from types import MappingProxyType

import pytest

from nasutils.data import sources
from nasutils.data.fetch import cached_path, fetch, locate, mirrored_path
from nasutils.data.sources import Source
from nasutils.errors import DataError, NasutilsError, UnknownNameError

CONTENT = bytes(range(256)) * 1000


# Whole answers, as they go over the line.
REDIRECT = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {}\r\n\r\n"
RAW = {
    "nothing": b"",
    "no_status": b"hello\r\n\r\n",
    "bad_status": b"HTTP/1.1 abc OK\r\n\r\n",
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx",
    "negative_length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
    "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nx",
    "chunk_size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx",
    "cut_chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx",
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot compressed",
    "loop": REDIRECT.format("loop.bin").encode(),
    "file": REDIRECT.format("file:///etc/passwd").encode(),
    "port": REDIRECT.format("http://a:b:c/").encode(),
    "host": REDIRECT.format("http://[::1/").encode(),
    "latin": REDIRECT.format("http://\xff\xfe/").encode("latin-1"),
    "headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
    "long_line": b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
    "few_bytes": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if "/raw/" in self.path:
            self.wfile.write(RAW[self.path.split("/")[-1].removesuffix(".bin")])
            return
        if "missing" in self.path:
            self.send_error(404)
            return
        if "together" in self.path:
            self.server.barrier.wait(timeout=60)
        self.send_response(200)
        if "endless" not in self.path:
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if "cut" in self.path:
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
        elif "endless" in self.path:
            with contextlib.suppress(OSError):  # until the other side hangs up
                while True:
                    self.wfile.write(CONTENT)
        elif "wrong" in self.path:
            self.wfile.write(CONTENT[::-1])
        else:
            self.wfile.write(CONTENT)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.barrier = [], threading.Barrier(2)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def source_at(url, content=CONTENT):
    return Source(
        name="toy",
        description="256,000 bytes",
        url=url,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence="MIT",
        cite=(),
        citation="",
    )


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """Make ``fetch("toy")`` look at a URL, an empty cache and an empty mirror."""
    monkeypatch.setenv("NASUTILS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NASUTILS_MIRROR", str(tmp_path / "mirror"))

    def at(url):
        source = source_at(url)
        monkeypatch.setattr(sources, "load_sources", lambda: MappingProxyType({"toy": source}))
        return source

    return at


def address(server, path="good"):
    return f"http://127.0.0.1:{server.server_port}/owner/{path}.bin"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_downloads_once_into_the_cache(server, toy, capsys):
    source = toy(address(server))
    assert locate("toy") is None
    path = fetch("toy")
    assert path == cached_path(source)
    assert path.read_bytes() == CONTENT
    assert "toy" in capsys.readouterr().err, "no progress bar"
    assert locate("toy")
    assert fetch("toy") == path
    assert len(server.requests) == 1
    assert files_below(path.parent) == [path]


def test_mirror_is_used_in_place_and_before_the_network(server, toy, tmp_path):
    source = toy(address(server))
    path = write(mirrored_path(source), CONTENT)
    assert fetch("toy") == locate("toy") == path
    assert not server.requests
    assert not (tmp_path / "cache").exists()


def test_damaged_cache_copy_is_fetched_again(server, toy):
    source = toy(address(server))
    write(cached_path(source), CONTENT[:-1])
    with pytest.warns(UserWarning, match=r"good\.bin is damaged: fetching toy again"):
        path = fetch("toy")
    assert path.read_bytes() == CONTENT


def test_damaged_mirror_file_is_named(server, toy):
    source = toy(address(server))
    path = write(mirrored_path(source), CONTENT[:-1])
    with pytest.raises(DataError, match=rf"{path} is not the toy .* 255,999 bytes"):
        fetch("toy")
    assert not server.requests


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("cut", "cannot download toy from .*cut.bin"),
        ("missing", "cannot download toy from .*missing.bin .*404"),
        ("wrong", "sent 256,000 bytes with SHA-256 .*, expected"),
    ],
)
def test_bad_download_is_an_error_and_leaves_nothing(server, toy, tmp_path, path, message):
    toy(address(server, path))
    with pytest.raises(DataError, match=message) as error:
        fetch("toy")
    assert "NASUTILS_MIRROR" in str(error.value)
    assert not files_below(tmp_path)


def test_no_network_and_no_mirror_names_file_url_and_ways_out(toy, monkeypatch):
    monkeypatch.delenv("NASUTILS_MIRROR")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    url = "http://127.0.0.1:9/owner/toy.bin"  # The discard port: nobody listens.
    toy(url)
    with pytest.raises(DataError) as error:
        fetch("toy")
    for part in ("toy", url, "network", "NASUTILS_MIRROR", "127.0.0.1:9/owner", "NASUTILS_CACHE"):
        assert part in str(error.value)


# requests leaves a socket to the garbage collector where an answer makes no sense.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", RAW)
def test_every_bad_server_is_one_clear_error(server, toy, tmp_path, name):
    toy(address(server, f"raw/{name}"))
    with pytest.raises(DataError, match=r"bin.*NASUTILS_CACHE") as error:
        fetch("toy")
    assert "\n" not in str(error.value)
    assert not files_below(tmp_path)
    del error
    gc.collect()


def test_an_endless_body_is_cut_at_the_registered_size(server, toy, tmp_path):
    toy(address(server, "endless"))
    with pytest.raises(DataError, match=r"endless\.bin sends more than the 256,000 bytes of toy"):
        fetch("toy")
    assert not files_below(tmp_path)


def breaking_download(monkeypatch, error):
    def send_a_little_then_fail(source, ways_out):
        yield CONTENT[:1000]
        raise error

    monkeypatch.setattr("nasutils.data.fetch._chunks", send_a_little_then_fail)


def test_full_disk_is_an_error_and_leaves_nothing(toy, monkeypatch, tmp_path):
    toy("http://127.0.0.1/owner/toy.bin")
    breaking_download(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(DataError, match=r"cannot keep toy .*No space left.*NASUTILS_CACHE"):
        fetch("toy")
    assert not files_below(tmp_path)


def test_interrupt_leaves_nothing(toy, monkeypatch, tmp_path):
    toy("http://127.0.0.1/owner/toy.bin")
    breaking_download(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fetch("toy")
    assert not files_below(tmp_path)


@pytest.fixture
def unwritable_cache(monkeypatch, tmp_path):
    # Permissions do not bind root; a folder below a file can be made by nobody.
    blocker = write(tmp_path / "blocker", b"")
    monkeypatch.setenv("NASUTILS_CACHE", str(blocker / "cache"))


def test_unwritable_cache_does_not_matter_with_a_mirror(server, toy, unwritable_cache):
    path = write(mirrored_path(toy(address(server))), CONTENT)
    assert fetch("toy") == path


def test_unreadable_cached_file_does_not_matter_with_a_mirror(toy, monkeypatch):
    source = toy("http://127.0.0.1/owner/toy.bin")
    path = write(mirrored_path(source), CONTENT)
    closed, opened = write(cached_path(source), CONTENT), Path.open

    def refuse(self, *arguments, **options):
        if self == closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.warns(UserWarning, match="is damaged"):
        assert fetch("toy") == path


@pytest.mark.parametrize("variable", ["NASUTILS_CACHE", "NASUTILS_MIRROR"])
def test_home_of_nobody(toy, monkeypatch, variable):
    toy("http://127.0.0.1/owner/toy.bin")
    monkeypatch.setenv(variable, "~no-such-user/x")
    with pytest.raises(NasutilsError, match=f"{variable}=~no-such-user/x: "):
        fetch("toy")


def test_unwritable_cache_without_mirror_names_the_way_out(server, toy, unwritable_cache):
    toy(address(server))
    with pytest.raises(DataError, match=r"cannot keep toy .*set NASUTILS_CACHE"):
        fetch("toy")


def test_unreadable_mirror_file_is_named(server, toy, monkeypatch):
    path = write(mirrored_path(toy(address(server))), CONTENT)

    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=f"cannot read {path}: Permission denied"):
        fetch("toy")


def test_mirror_without_the_file_is_named(toy, monkeypatch, tmp_path):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    toy("http://127.0.0.1:9/owner/toy.bin")
    with pytest.raises(DataError, match=f"The mirror {tmp_path / 'mirror'} does not have it"):
        fetch("toy")


def test_unknown_name():
    with pytest.raises(UnknownNameError, match="unknown data file 'nonsense'"):
        fetch("nonsense")


CHILD = """
import sys
from nasutils.data import sources
from nasutils.data.fetch import fetch
entry = sources.Source("toy", "", sys.argv[1], sys.argv[2], 256000, "", (), "")
sources.load_sources = lambda: {"toy": entry}
print(fetch("toy"))
"""


def test_two_processes_at_once(server, toy):
    source = toy(address(server, "together"))  # The server answers once both have asked.
    command = [sys.executable, "-c", CHILD, source.url, source.sha256]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        assert out.strip() == str(cached_path(source))
    assert len(server.requests) == 2
    assert cached_path(source).read_bytes() == CONTENT
    assert files_below(cached_path(source).parent) == [cached_path(source)]
