import dataclasses
import json
import re

import pytest

from nasutils.data.sources import get_source, load_sources
from nasutils.errors import UnknownNameError
from nasutils.paths import mirror_dir


@pytest.mark.parametrize("source", load_sources().values(), ids=lambda source: source.name)
def test_every_entry_is_complete_and_pinned(source):
    assert re.fullmatch(r"[a-z0-9_]+", source.name)
    assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
    assert source.bytes > 0
    assert source.licence
    assert source.description
    assert source.citation.count("\n") == len(source.cite) - 1
    if "github" in source.url:
        assert re.search(r"/[0-9a-f]{40}/", source.url), "not at a pinned commit"


def test_each_url_and_content_is_listed_once():
    sources = load_sources().values()
    assert len({source.url for source in sources}) == len(sources)
    assert len({source.sha256 for source in sources}) == len(sources)


def test_path_is_the_urls_own():
    source = get_source("cifar10_archive")
    assert str(source.path) == "www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"


def test_sources_cannot_be_changed():
    with pytest.raises(TypeError):
        load_sources()["x"] = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_source("cifar10_archive").url = "elsewhere"


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match=r"'yahpo_nb301_modle'.*mean 'yahpo_nb301_model'"):
        get_source("yahpo_nb301_modle")


@pytest.mark.real_data
def test_entries_agree_with_the_mirrors_own_register(real_data):
    mirror = mirror_dir()
    if mirror is None or not (mirror / "registry.json").is_file():
        pytest.skip("the mirror has no register")
    listed = {entry["url"]: entry for entry in json.loads((mirror / "registry.json").read_text())}
    ours = {source.url: source for source in load_sources().values()}
    # A mirror may hold more than the package reads. It lacks the images, which come as archives.
    assert {ours[url].name for url in set(ours) - set(listed)} == {
        "cifar10_archive",
        "cifar100_archive",
    }
    for url in set(ours) & set(listed):
        entry = listed[url]
        fields = (ours[url].sha256, ours[url].bytes, ours[url].licence)
        assert fields == (entry["sha256"], entry["bytes"], entry["licence"])
