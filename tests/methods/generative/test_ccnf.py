"""The flow against densities, traces and derivatives that are known."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from nasutils.errors import NasutilsError
from nasutils.methods.generative.ccnf import ADAPTIVE, CCNF, FIXED, MovingBatchNorm, Solver

D, C = 3, 2
TIGHT = Solver(tolerance=1e-9)
GENERATOR = torch.Generator


class Linear(nn.Module):
    """The dynamics g(u) = A u, whose flow is the exponential of A."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, t, u, condition, directions):
        return u @ self.matrix.mT, directions @ self.matrix.mT


@pytest.fixture
def flow() -> CCNF:
    """A small flow with weights of some size, in double precision."""
    torch.manual_seed(0)
    flow = CCNF(D, C, hidden=16, layers=2).double().eval()
    for parameter in flow.dynamics.parameters():
        parameter.data.normal_(std=0.7)
    for norm in (flow.outer, flow.inner):
        norm.mean.normal_()
        norm.variance.uniform_(0.5, 2.0)
        norm.log_scale.data.normal_(std=0.3)
        norm.bias.data.normal_()
    flow.steps += 1
    return flow


def points(count: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = GENERATOR().manual_seed(1)
    draws = torch.randn(count, D + C, generator=generator, dtype=torch.float64)
    return draws[:, :D], draws[:, D:]


@pytest.mark.parametrize("exact", [True, False])
def test_a_gaussian_through_a_linear_flow_has_the_known_density(flow, exact):
    matrix = torch.tensor([[0.3, -0.8, 0.1], [0.6, -0.2, 0.4], [0.0, 0.5, 0.7]]).double()
    if not exact:  # signs estimate the trace of a diagonal matrix without error
        matrix = matrix.diag().diag()
    flow.dynamics = Linear(matrix)
    x, condition = points()

    def factor(norm):
        return (norm.log_scale.exp() / (norm.variance + norm.eps).sqrt()).detach()

    through = torch.linalg.matrix_exp(matrix * flow.end_time.item())
    linear = (1 / factor(flow.outer)).diag() @ through @ (1 / factor(flow.inner)).diag()
    # The base point at 0 goes where the mean goes.
    middle = flow.to_latent(torch.zeros(1, D).double(), condition[:1], solver=TIGHT)[0].detach()
    known = MultivariateNormal(middle, linear @ linear.mT)
    found = flow.log_prob(x, condition, GENERATOR(), exact=exact, solver=TIGHT)
    torch.testing.assert_close(found, known.log_prob(x), rtol=1e-7, atol=1e-7)


def test_a_density_integrates_to_one():
    torch.manual_seed(3)
    flow = CCNF(1, C, hidden=16, layers=2).double().eval()
    for parameter in flow.dynamics.parameters():
        parameter.data.normal_()
    x = torch.linspace(-12, 12, 2001).double().unsqueeze(1)
    density = flow.log_prob(x, torch.ones(len(x), C).double(), exact=True).exp()
    assert torch.trapezoid(density, x[:, 0]).item() == pytest.approx(1, abs=1e-4)


def test_the_way_back_is_the_inverse(flow):
    x, condition = points()
    nothing = x.new_empty(0, *x.shape)
    base, _ = flow.to_base(x, condition, nothing, solver=TIGHT)
    assert not torch.allclose(base, x, atol=0.1)
    torch.testing.assert_close(flow.to_latent(base, condition, solver=TIGHT), x, atol=1e-6, rtol=0)


def test_the_log_determinant_is_that_of_the_jacobian(flow):
    x, condition = points(2)

    def base(row, c):
        nothing = row.new_empty(0, 1, D)
        return flow.to_base(row[None], c[None], nothing, solver=TIGHT)[0][0]

    units = torch.eye(D).double().unsqueeze(1).expand(-1, len(x), -1)
    _, log_det = flow.to_base(x, condition, units, solver=TIGHT)
    for row, c, found in zip(x, condition, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda row, c=c: base(row, c), row)
        assert found.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=1e-6)


def test_the_derivative_by_hand_is_that_of_autograd(flow):
    u, condition = points()
    directions = torch.randn(2, *u.shape, generator=GENERATOR().manual_seed(2)).double()
    time = torch.tensor(0.3).double()
    value, along = flow.dynamics(time, u, condition, directions)

    def g(u):
        return flow.dynamics(time, u, condition, u.new_empty(0, *u.shape))[0]

    for direction, found in zip(directions, along, strict=True):
        expected, derivative = torch.func.jvp(g, (u,), (direction,))
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(found, derivative)


def test_hutchinsons_estimate_is_right_on_average(flow):
    x, condition = points(1)
    many = 4000
    rows = x.expand(many, -1), condition.expand(many, -1)
    estimates = flow.log_prob(*rows, GENERATOR().manual_seed(0))
    exact = flow.log_prob(x, condition, exact=True).item()
    error = estimates.std().item() / math.sqrt(many)
    assert error > 0
    assert abs(estimates.mean().item() - exact) < 4 * error


@pytest.mark.parametrize("solver", [FIXED, Solver(tolerance=1e-9, adjoint=True)])
def test_gradients_agree_between_solvers(flow, solver):
    x, condition = points()

    def gradients(solver):
        flow.zero_grad()
        generator = GENERATOR().manual_seed(0)
        flow.losses(x, condition, generator, solver=solver)["bits"].backward()
        return [p.grad.clone() for p in flow.parameters()]

    for found, expected in zip(gradients(solver), gradients(TIGHT), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_fixed_steps_are_as_many_evaluations_as_dopri5_needs(flow):
    x, condition = points()
    logged = flow.losses(x, condition, GENERATOR(), solver=FIXED)
    assert logged["_evaluations"] == 1 + 6 * FIXED.steps
    assert logged["_end_time"].item() == pytest.approx(0.5)


def test_batch_norm_moves_and_its_log_determinant_is_that_of_its_jacobian():
    norm = MovingBatchNorm(D).double()
    norm.log_scale.data.normal_()
    x = 3 + 2 * torch.randn(4000, D, generator=GENERATOR().manual_seed(0)).double()
    first, _ = norm(x)  # by the statistics before the batch: mean 0, variance 1
    torch.testing.assert_close(first, x * norm.log_scale.exp() / math.sqrt(1 + norm.eps))
    for _ in range(200):
        norm(x)
    y, log_det = norm(x)
    torch.testing.assert_close(y.mean(0), torch.zeros(D).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(y.std(0), norm.log_scale.exp().detach(), rtol=1e-3, atol=0)
    norm.eval()
    jacobian = torch.autograd.functional.jacobian(lambda row: norm(row)[0], x[:1])[0, :, 0]
    assert log_det.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item())
    torch.testing.assert_close(norm.inverse(norm(x)[0]), x)


def test_less_noise_is_closer_to_the_centre(flow):
    condition = points(1)[1][0]
    centre = flow.sample(condition, 1, noise=0.0)
    spreads = [
        (flow.sample(condition, 50, GENERATOR().manual_seed(0), noise=noise) - centre).norm()
        for noise in (0.01, 0.1, 1.0)
    ]
    assert spreads[0] < spreads[1] / 5 < spreads[2] / 25


def test_samples_come_from_a_normal_base(flow):
    condition = points(1)[1][0]
    x = flow.sample(condition, 3000, GENERATOR().manual_seed(0), solver=FIXED)
    conditions = condition.expand(len(x), -1)
    base, _ = flow.to_base(x, conditions, x.new_empty(0, *x.shape), solver=FIXED)
    torch.testing.assert_close(base.mean(0), torch.zeros(D).double(), atol=0.08, rtol=0)
    torch.testing.assert_close(base.std(0), torch.ones(D).double(), atol=0.05, rtol=0)


def test_bad_input(flow):
    condition = points(1)[1][0]
    with pytest.raises(NasutilsError, match="count=0"):
        flow.sample(condition, 0)
    with pytest.raises(NasutilsError, match=r"condition has shape \(2,\), not \(3,\)"):
        flow.sample(torch.zeros(3), 4)
    with pytest.raises(NasutilsError, match=r"needs \(5, 3\) and \(5, 2\)"):
        flow.log_prob(points()[0], torch.zeros(5, 4))
    with pytest.raises(NasutilsError, match="untrained"):
        CCNF(D, C).sample(condition.float(), 4)
    flow.dynamics = Linear(torch.full((D, D), float("nan")).double())
    with pytest.raises(NasutilsError, match="cannot be integrated"):
        flow.log_prob(*points(), exact=True, solver=ADAPTIVE)
