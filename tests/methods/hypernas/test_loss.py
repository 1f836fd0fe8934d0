"""Equation 11 by hand."""

import math

import pytest
import torch

from nasutils.errors import NasutilsError
from nasutils.methods.hypernas.loss import AdaptiveLoss


def loss_with(u, q=1.5):
    loss = AdaptiveLoss(len(u), q)
    with torch.no_grad():
        loss.u.copy_(torch.tensor(u))
    return loss


def test_by_hand():
    total = loss_with([1.0, 2.0])([torch.tensor(4.0), torch.tensor(9.0)])
    # 4^1.5 / 2 + ln 2 + 9^1.5 / (2 x 4) + ln 5
    assert total.item() == pytest.approx(8 / 2 + math.log(2) + 27 / 8 + math.log(5))


def test_with_q_1_it_is_the_conventional_loss():
    total = loss_with([3.0], q=1)([torch.tensor(5.0)])
    assert total.item() == pytest.approx(5 / 18 + math.log(10))


def test_gradients_by_hand():
    losses = [torch.tensor(4.0, requires_grad=True), torch.tensor(9.0, requires_grad=True)]
    loss = loss_with([1.0, 2.0])
    loss(losses).backward()
    # q L^(q - 1) / (2 u^2), and -L^q / u^3 + 2 u / (1 + u^2).
    assert [float(t.grad) for t in losses] == pytest.approx([1.5 * 2 / 2, 1.5 * 3 / 8])
    assert loss.u.grad.tolist() == pytest.approx([-8 + 1, -27 / 8 + 4 / 5])


@pytest.mark.parametrize("value", [0.1, 1.0, 7.0])
@pytest.mark.parametrize("q", [1.25, 1.5, 2, 3])
def test_the_best_weight_has_a_closed_form(value, q):
    power = value**q
    best = ((power + math.sqrt(power**2 + 8 * power)) / 4) ** 0.5
    loss = loss_with([best], q)
    loss([torch.tensor(value)]).backward()
    assert loss.u.grad.item() == pytest.approx(0, abs=1e-5)


def test_of_many_losses_the_power_comes_before_the_mean():
    first, second = torch.tensor([1.0, 4.0]), torch.tensor([0.0, 9.0, 9.0])
    total = loss_with([1.0, 2.0])([first, second])
    # (1 + 4^1.5) / 2 / 2 + ln 2 + (0 + 2 x 9^1.5) / 3 / (2 x 4) + ln 5
    assert total.item() == pytest.approx(9 / 4 + math.log(2) + 54 / 24 + math.log(5))


def test_a_loss_of_zero_has_a_finite_gradient():
    zero = torch.tensor(0.0, requires_grad=True)
    AdaptiveLoss(1)([zero]).backward()
    assert float(zero.grad) == 0


def test_bad_input():
    with pytest.raises(NasutilsError, match=r"q >= 1, not 2 and 0\.5"):
        AdaptiveLoss(2, 0.5)
    with pytest.raises(NasutilsError, match="2 tasks, but 1 losses"):
        AdaptiveLoss(2)([torch.tensor(1.0)])


def test_a_negative_loss_has_no_power() -> None:
    with pytest.raises(NasutilsError, match="not negative"):
        AdaptiveLoss(2)([torch.tensor(1.0), torch.tensor([0.5, -0.1])])


@pytest.mark.parametrize("q", [0.99, float("nan"), float("inf")])
def test_q_is_a_finite_number_of_at_least_one(q: float) -> None:
    with pytest.raises(NasutilsError, match="q >= 1"):
        AdaptiveLoss(2, q)
