import pytest

from nasutils.errors import NasutilsError, UnknownNameError
from nasutils.study import Scale


def test_scale_is_its_name():
    assert Scale("bench") == "bench"
    assert f"{Scale.PAPER}" == "paper"
    assert [str(scale) for scale in Scale] == ["demo", "bench", "paper"]


def test_unknown_scale_names_the_valid_ones():
    with pytest.raises(UnknownNameError, match=r"'bnech'.*Did you mean 'bench'.*demo, paper"):
        Scale("bnech")
    with pytest.raises(NasutilsError):
        Scale(None)
