"""The conditional continuous normalizing flow (CCNF) that generates latent cells.

Source: Section 3.2, Eqs. 6 to 9 and Table 6. The network is that of Yang et al., "PointFlow",
ICCV 2019, whose layers and batch norms the paper names; the trace is estimated as in Grathwohl et
al., "FFJORD", ICLR 2019.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchdiffeq import odeint, odeint_adjoint

from nasutils.errors import NasutilsError
from nasutils.methods.generative.model import GenerativeModel, Schedule

#: Table 6; 30 passes over 400,000 latent cells. The weight decay, "the default value for the Adam
#: optimizer", is AdamW's. As an L2 penalty it would outweigh the gradient of a loss per dimension.
PUBLISHED = Schedule(steps=46_875, batch_size=256, learning_rate=1e-3, weight_decay=0.01)


@dataclass(frozen=True)
class Solver:
    """How the flow is integrated: dopri5.

    Attributes:
        steps: So many equal steps; where 0, as many as the tolerance asks for.
        tolerance: Relative and absolute, of each step.
        adjoint: Whether gradients come from the adjoint equation, in constant memory, rather than
            from the steps that were taken, which is faster and exact for them.
    """

    steps: int = 0
    tolerance: float = 1e-5
    adjoint: bool = False

    @property
    def options(self) -> dict[str, float]:
        """Options of torchdiffeq."""
        limit = {"max_num_steps": 2000}
        if not self.steps:
            return {"first_step": 0.25, **limit}  # which saves the two evaluations of a guess
        width = 1 / self.steps
        return {"first_step": width, "min_step": width, "max_step": width, **limit}


ADAPTIVE = Solver()  # as the paper has it; likelihoods are reported with it
FIXED = Solver(steps=8)  # for training: the adaptive solver comes to need ten times as long


class ConcatSquash(nn.Module):
    """A linear layer, scaled and shifted by time and condition.

    y = (W x + b) * sigmoid(W_g [t, c] + b_g) + W_s [t, c]
    """

    def __init__(self, inputs: int, outputs: int, context: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.gate = nn.Linear(context, outputs)
        self.shift = nn.Linear(context, outputs, bias=False)

    def forward(self, both: Tensor, context: Tensor) -> Tensor:
        """Map values and derivatives along.

        Args:
            both: The values and K directional derivatives of each, (1 + K, B, inputs).
            context: Time and condition, (B, 1 + C).

        Returns:
            The same of the outputs, (1 + K, B, outputs).
        """
        gate = self.gate(context).sigmoid()
        both = F.linear(both, self.linear.weight) * gate
        value = both[:1] + (self.linear.bias * gate + self.shift(context))
        return torch.cat([value, both[1:]])


def _tanh(both: Tensor) -> Tensor:
    value = both[:1].tanh()
    return torch.cat([value, (1 - value * value) * both[1:]])


class Dynamics(nn.Module):
    """The network g(u, t, c): ConcatSquash layers with tanh between them.

    Args:
        latent: Dimensions of u, D.
        conditions: Of c, C.
        hidden: Width of the layers.
        layers: Hidden ConcatSquash layers; one more maps back to D dimensions.
    """

    def __init__(self, latent: int, conditions: int, hidden: int, layers: int) -> None:
        super().__init__()
        widths = [latent, *[hidden] * layers, latent]
        self.layers = nn.ModuleList(
            ConcatSquash(*pair, 1 + conditions) for pair in pairwise(widths)
        )

    def forward(
        self, t: Tensor, u: Tensor, condition: Tensor, directions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return g and its derivatives along directions, in one forward pass.

        Args:
            t: Time, a scalar.
            u: Points of shape (B, D).
            condition: Of shape (B, C).
            directions: K a point, (K, B, D).

        Returns:
            g of shape (B, D), and the products of its Jacobian with the directions, (K, B, D).
        """
        context = torch.cat([t.expand(len(u), 1), condition], 1)
        both = torch.cat([u[None], directions])
        for i, layer in enumerate(self.layers):
            both = layer(_tanh(both) if i else both, context)
        return both[0], both[1:]


class MovingBatchNorm(nn.Module):
    """Batch norm by running statistics, in training too: an invertible map of each row.

    Source: PointFlow's ``MovingBatchNorm1d``. A batch is normalised by the statistics of those
    before it.
    """

    def __init__(self, features: int, *, decay: float = 0.1, eps: float = 1e-4) -> None:
        super().__init__()
        self.decay, self.eps = decay, eps
        self.log_scale = nn.Parameter(torch.zeros(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the normalised rows (B, D), and the log-determinant of the map, a scalar."""
        mean, log_factor = self.mean.clone(), self._log_factor()
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(x.mean(0), self.decay)
                self.variance.lerp_(x.var(0), self.decay)
        return (x - mean) * log_factor.exp() + self.bias, log_factor.sum()

    def inverse(self, y: Tensor) -> Tensor:
        """Return the rows that are normalised to y, (B, D)."""
        return (y - self.bias) * (-self._log_factor()).exp() + self.mean

    def _log_factor(self) -> Tensor:
        return self.log_scale - (self.variance + self.eps).log() / 2


class CCNF(GenerativeModel):
    """The flow between a normal distribution and latent cells, given a condition.

    Args:
        latent: Dimensions of a latent cell, D.
        conditions: Of the condition, C: the (predicted) proxy vector.
        hidden: Width of the layers.
        layers: Hidden ConcatSquash layers.

    Attributes:
        evaluations: Of the dynamics, since it was last set to zero.
    """

    def __init__(
        self, latent: int = 256, conditions: int = 4, *, hidden: int = 512, layers: int = 9
    ) -> None:
        super().__init__(latent=latent, conditions=conditions, hidden=hidden, layers=layers)
        self.dynamics = Dynamics(latent, conditions, hidden, layers)
        self.outer, self.inner = MovingBatchNorm(latent), MovingBatchNorm(latent)
        self.sqrt_end = nn.Parameter(torch.tensor(math.sqrt(0.5)))
        self.evaluations = 0

    @property
    def end_time(self) -> Tensor:
        """The time T at which the flow ends; learned, and positive."""
        return self.sqrt_end**2

    def to_latent(self, base: Tensor, condition: Tensor, *, solver: Solver = ADAPTIVE) -> Tensor:
        """Move points of the base distribution to latent cells, both (B, D) (Eq. 9).

        Raises:
            NasutilsError: On another shape, or if the flow diverges.
        """
        self._check(base, condition)
        nothing = base.new_empty(0, *base.shape)
        u, _ = self._solve(self.inner.inverse(base), condition, nothing, solver, (0.0, 1.0))
        return self.outer.inverse(u)

    def to_base(
        self, x: Tensor, condition: Tensor, directions: Tensor, *, solver: Solver = ADAPTIVE
    ) -> tuple[Tensor, Tensor]:
        """Move latent cells to the base distribution (Eq. 7).

        Args:
            x: Latent cells of shape (B, D).
            condition: Of shape (B, C).
            directions: That the trace is summed over, (K, B, D): one random direction a row is
                Hutchinson's estimate, the D unit vectors are the exact trace, none leave it out.
            solver: Of the flow.

        Returns:
            Points of shape (B, D), and the log-determinant of the map at each, (B,).

        Raises:
            NasutilsError: On another shape, or if the flow diverges.
        """
        self._check(x, condition)
        u, first = self.outer(x)
        u, change = self._solve(u, condition, directions, solver, (1.0, 0.0))
        base, last = self.inner(u)
        return base, change + first + last

    def log_prob(
        self,
        x: Tensor,
        condition: Tensor,
        generator: torch.Generator | None = None,
        *,
        exact: bool = False,
        solver: Solver = ADAPTIVE,
    ) -> Tensor:
        """Return the log-density of latent cells given their conditions, in nats (Eq. 6).

        Args:
            x: Latent cells of shape (B, D).
            condition: Of shape (B, C).
            generator: Of Hutchinson's directions, random signs that stay the same for the solve.
            exact: Whether to compute the trace instead, at D times the price.
            solver: Of the flow.

        Returns:
            Of shape (B,).
        """
        if exact:
            units = torch.eye(x.shape[-1], device=x.device).unsqueeze(1)
            directions = units.expand(-1, len(x), -1)
        else:
            signs = torch.rand(x.shape, generator=generator, device=x.device) - 0.5
            directions = signs.sign()[None]
        base, log_det = self.to_base(x, condition, directions.to(x), solver=solver)
        return -(base**2 + math.log(2 * math.pi)).sum(1) / 2 + log_det

    @torch.no_grad()
    def sample(
        self,
        condition: Tensor,
        count: int,
        generator: torch.Generator | None = None,
        *,
        noise: float = 1.0,
        solver: Solver = ADAPTIVE,
    ) -> Tensor:
        """Draw latent cells around a reference, or a cluster (Eqs. 8 and 9).

        Args:
            condition: The proxy vector of the reference or the cluster's mean, (C,).
            count: Cells.
            generator: Of the draws.
            noise: Standard deviation of the base points: 1 is the density that was learned; the
                less, the closer to its centre.
            solver: Of the flow.

        Returns:
            Of shape (count, D).

        Raises:
            NasutilsError: If the flow is untrained, or on fewer than one cell, a condition of
                another shape, or negative noise.
        """
        self.check_trained()
        if count < 1 or noise < 0:
            raise NasutilsError(f"count={count}, noise={noise}: at least one cell, noise from 0.")
        if condition.shape != (self.sizes["conditions"],):
            raise NasutilsError(
                f"a condition has shape ({self.sizes['conditions']},), not "
                f"{tuple(condition.shape)}."
            )
        shape = count, self.sizes["latent"]
        base = noise * torch.randn(shape, generator=generator, device=condition.device)
        return self.to_latent(base, condition.expand(count, -1), solver=solver)

    def losses(
        self,
        x: Tensor,
        condition: Tensor,
        generator: torch.Generator | None = None,
        *,
        solver: Solver = FIXED,
    ) -> dict[str, Tensor]:
        """Return what is minimised, bits a dimension (Eq. 6); with evaluations and T, to be logged.

        Args: as of ``log_prob``.
        """
        before = self.evaluations
        bits = -self.log_prob(x, condition, generator, solver=solver).mean()
        bits = bits / (x.shape[1] * math.log(2))
        evaluations = torch.tensor(float(self.evaluations - before))
        return {"bits": bits, "_evaluations": evaluations, "_end_time": self.end_time.detach()}

    def _check(self, x: Tensor, condition: Tensor) -> None:
        shapes = (len(x), self.sizes["latent"]), (len(x), self.sizes["conditions"])
        if (tuple(x.shape), tuple(condition.shape)) != shapes:
            raise NasutilsError(
                f"points and conditions of shapes {tuple(x.shape)} and {tuple(condition.shape)}: "
                f"this flow needs {shapes[0]} and {shapes[1]}."
            )

    def _solve(
        self,
        u: Tensor,
        condition: Tensor,
        directions: Tensor,
        solver: Solver,
        times: tuple[float, float],
    ) -> tuple[Tensor, Tensor]:
        """Integrate g, and the trace of its Jacobian, over shares of T."""
        end = self.end_time

        def rates(share: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            self.evaluations += 1
            g, along = self.dynamics(end * share, state[0], condition, directions)
            return end * g, end * (along * directions).sum((0, 2))

        keywords: dict[str, Any] = {
            "method": "dopri5",
            "rtol": solver.tolerance,
            "atol": solver.tolerance,
            "options": solver.options,
        }
        integrate = odeint
        if solver.adjoint:
            integrate = odeint_adjoint
            keywords["adjoint_params"] = (*self.dynamics.parameters(), self.sqrt_end)
        try:
            state = u, u.new_zeros(len(u))
            points, changes = integrate(rates, state, u.new_tensor(times), **keywords)
        except AssertionError as error:
            reason = str(error).partition(":")[0]
            raise NasutilsError(f"the flow cannot be integrated ({reason}).") from error
        return points[-1], changes[-1]
