import pytest

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.study import Scale, by_scale


def test_scale_is_its_name():
    assert Scale("bench") == "bench"
    assert f"{Scale.PAPER}" == "paper"
    assert [str(scale) for scale in Scale] == ["demo", "bench", "paper"]


def test_by_scale_picks():
    assert [by_scale(scale, demo=1, bench=2, paper=3) for scale in Scale] == [1, 2, 3]
    assert by_scale("bench", demo=1, bench=2, paper=3) == 2


@pytest.mark.parametrize("call", [Scale, lambda name: by_scale(name, demo=1, bench=2, paper=3)])
def test_unknown_scale_names_the_valid_ones(call):
    with pytest.raises(UnknownNameError, match=r"'bnech'.*Did you mean 'bench'.*demo, paper"):
        call("bnech")
    with pytest.raises(NasutilsError):
        call(None)
