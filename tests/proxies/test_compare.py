"""The comparison with the public scores: which cells, resuming, and the correlation itself."""

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from nasutils.cli.proxies import app
from nasutils.errors import NasutilsError
from nasutils.proxies import SUITE_ZERO, compare, proxy_names


@pytest.mark.real_data
def test_a_larger_sample_begins_with_the_smaller_one(real_data):
    assert compare.sample(5)[:3] == compare.sample(3)
    assert len(set(compare.sample(50))) == 50
    assert compare.sample(5, seed=1) != compare.sample(5)
    with pytest.raises(NasutilsError, match="choose from 2 to 9,445"):
        compare.sample(9_446)


@pytest.mark.real_data
def test_public_scores_agree_with_themselves_and_with_each_other(real_data):
    ours = compare.public_scores().loc[compare.sample(300)]
    table = compare.agreement(ours)
    assert list(table.index) == list(SUITE_ZERO)
    assert (table["rho"] > 1 - 1e-12).all()
    assert table.loc[["params", "flops"], "public_rho"].tolist() == pytest.approx([1, 1])
    assert table["public_rho"].drop("zen").between(0.1, 1.0001).all()
    reversed_table = compare.agreement(-ours)
    assert (reversed_table["rho"] < -1 + 1e-12).all()


@pytest.mark.real_data
def test_scoring_goes_on_where_it_stopped(real_data, tmp_path, monkeypatch):
    scored = []

    def fake(network, images, labels, names, *, seed):
        scored.append(seed)
        if len(scored) == 3:
            raise KeyboardInterrupt
        return {name: float(len(scored)) for name in names}

    monkeypatch.setattr(compare, "score", fake)
    monkeypatch.setattr(compare, "load_batch", lambda *_, **__: (torch.empty(0), torch.empty(0)))
    with pytest.raises(KeyboardInterrupt):
        compare.score_sample(tmp_path, 4, progress=False)
    table = compare.score_sample(tmp_path, 4, progress=False)
    assert list(table.index) == compare.sample(4)
    assert table["snip"].tolist() == [1, 2, 4, 5]
    shorter = compare.score_sample(tmp_path, 2, progress=False)
    assert shorter["zen"].tolist() == [1, 2]
    assert len(scored) == 5
    assert [file.name for file in tmp_path.iterdir()] == ["scores-0.csv"]


@pytest.mark.real_data
def test_files_that_were_cut_are_scored_again_or_refused(real_data, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "score", lambda *_, **__: dict.fromkeys(SUITE_ZERO, 1.0))
    monkeypatch.setattr(compare, "load_batch", lambda *_, **__: (torch.empty(0), torch.empty(0)))
    whole = compare.score_sample(tmp_path, 3, progress=False)
    file = tmp_path / "scores-0.csv"
    text = file.read_text()
    for end in (-1, -3, -60):
        file.write_text(text[:end])
        pd.testing.assert_frame_equal(compare.score_sample(tmp_path, 3, progress=False), whole)
    for broken in ("", "no table", text.replace("snip", "snap")):
        file.write_text(broken)
        with pytest.raises(NasutilsError, match=r"scores-0.csv holds no scores: remove it"):
            compare.score_sample(tmp_path, 3, progress=False)


def test_the_command_lists_every_proxy():
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    for name in proxy_names():
        assert f"\n{name:10} " in f"\n{result.output}"
    assert result.output.count("(bigger is better)") == len(proxy_names())
