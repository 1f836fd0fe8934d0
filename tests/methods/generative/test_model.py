"""The training loop: the same after an interruption; checkpoints of something else are refused."""

import pytest
import torch
from torch import nn

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.generative.model import GenerativeModel, Schedule, train

SCHEDULE = Schedule(steps=30, batch_size=4, learning_rate=0.1, weight_decay=0.01, cosine=True)


class Line(GenerativeModel):
    """Learns y = 2 x."""

    def __init__(self, width: int = 1) -> None:
        super().__init__(width=width)
        self.linear = nn.Linear(width, 1)

    def losses(self, generator):
        x = torch.randn(4, self.sizes["width"], generator=generator)
        error = (self.linear(x) - 2 * x.sum(1, keepdim=True)).square().mean()
        return {"error": error, "_weight": self.linear.weight.detach().mean()}


class Other(Line):
    pass


def fit(path=None, *, model=None, schedule=SCHEDULE, losses=None, seed=0, **options):
    torch.manual_seed(5)
    model = model or Line()
    history = train(model, losses or model.losses, schedule, seed=seed, path=path, **options)
    return model, history


def test_learns_and_logs():
    model, history = fit(schedule=Schedule(200, 4, 0.1), log_every=60)
    assert model.linear.weight.item() == pytest.approx(2, abs=1e-3)
    assert [row["step"] for row in history] == [60, 120, 180, 200]
    assert set(history[0]) == {"step", "seconds", "error", "weight"}
    assert history[-1]["weight"] == pytest.approx(2, abs=0.01)
    assert not model.training
    model.check_trained()


def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path):
    whole, history = fit(log_every=8)
    path = tmp_path / "line.pt"
    torch.manual_seed(5)
    model = Line()

    def interrupted(generator):
        if model.steps == 13:
            raise KeyboardInterrupt
        return model.losses(generator)

    with pytest.raises(KeyboardInterrupt):
        fit(path, model=model, losses=interrupted, save_every=-1, log_every=8)
    again, resumed = fit(path, log_every=8)
    assert torch.equal(again.linear.weight, whole.linear.weight)
    drop = [{k: v for k, v in row.items() if k != "seconds"} for row in resumed]
    assert drop == [{k: v for k, v in row.items() if k != "seconds"} for row in history]
    loaded = Line.load(path)
    assert torch.equal(loaded.linear.weight, whole.linear.weight)
    finished, _ = fit(path, log_every=8)  # takes no further step
    assert torch.equal(finished.linear.weight, whole.linear.weight)


def test_checkpoints_of_something_else_are_refused(tmp_path):
    path = tmp_path / "line.pt"
    fit(path)
    with pytest.raises(DataError, match="holds a Line, not a Other"):
        Other.load(path)
    with pytest.raises(DataError, match="another training: config"):
        fit(path, seed=1)
    with pytest.raises(DataError, match="another training: sizes"):
        fit(path, model=Line(2))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="cannot be read"):
        Line.load(path)
    with pytest.raises(DataError, match="cannot be read"):
        Line.load(tmp_path / "missing.pt")
    torch.save({"format": 1}, path)
    with pytest.raises(DataError, match="no checkpoint of a generative network"):
        Line.load(path)


def test_untrained_and_diverged():
    with pytest.raises(NasutilsError, match="Line is untrained"):
        Line().check_trained()
    with pytest.raises(NasutilsError, match="loss of the Line is nan after 0 steps"):
        fit(losses=lambda generator: {"loss": torch.tensor(float("nan"))})
