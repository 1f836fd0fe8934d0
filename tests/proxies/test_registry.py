import re

import pytest

from nasutils.data.nasbench201 import PROXIES
from nasutils.errors import UnknownNameError
from nasutils.paths import repository_root
from nasutils.proxies import (
    SUITE_ZERO,
    Need,
    describe,
    get_proxy,
    proxy_names,
    register,
)


def test_the_thirteen_of_the_public_tables_and_the_newer_ones():
    assert SUITE_ZERO == PROXIES
    newer = {"meco", "swap", "zico", "az_expressivity", "az_progressivity", "az_trainability"}
    assert set(proxy_names()) == {*PROXIES, *newer, "snip_ssnr", "t_cet"}


@pytest.mark.parametrize("name", proxy_names())
def test_every_declaration_is_complete(name):
    proxy = get_proxy(name)
    assert proxy.name == name
    assert proxy.title
    assert proxy.when_undefined
    assert proxy.equation.count("{") == proxy.equation.count("}")
    assert proxy.compute.__doc__
    bibliography = (repository_root() / "book" / "references.bib").read_text("utf-8")
    assert re.search(rf"@\w+{{{proxy.source},", bibliography)


def test_needs():
    without_images = {name for name in proxy_names() if not get_proxy(name).needs_images}
    cells = {"az_expressivity", "az_progressivity", "az_trainability"}
    assert without_images == {"flops", "l2_norm", "meco", "params", "synflow", "zen", *cells}
    without_labels = {name for name in proxy_names() if not get_proxy(name).needs_labels}
    assert without_labels == without_images | {"jacov", "nwot", "swap"}


def test_description_lists_every_proxy_and_leaves_nothing_empty():
    frame = describe()
    assert list(frame.index) == proxy_names()
    assert frame.loc["jacov", "needs"] == f"{Need.IMAGES.value}; {Need.INPUT_GRADIENTS.value}"
    assert frame.drop(columns="needs").astype(str).map(bool).all().all()


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'synflow'"):
        get_proxy("sinflow")


def test_a_name_is_taken_once():
    def snip(passes):
        return 0.0

    with pytest.raises(ValueError, match="'snip' is registered twice"):
        register(title="", equation="", source="", when_undefined="", needs=set())(snip)
