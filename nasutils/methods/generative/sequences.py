"""The sequence generator: a decoder-only transformer that writes macro architectures.

Source: Section 3.3, Eqs. 10 to 12, and Table 6. A sequence begins with one position a condition, of
which some are dropped at random in training, and goes on with three tokens a cell: its cluster, its
channels and its stride. Where the paper's prompt is text, the position of a condition holds its
value, so that sizes between those that were seen mean something too.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasutils.errors import DataError, NasutilsError
from nasutils.methods.generative.clusters import VECTOR
from nasutils.methods.generative.model import GenerativeModel, Schedule
from nasutils.proxies.models import declare_operators
from nasutils.spaces.graphnet_sequence import CHANNELS, MAX_CELLS, STRIDES

#: Cluster, channels and stride of one cell; a sequence of them is a high-level architecture.
HighLevel = tuple[tuple[int, int, int], ...]

#: Table 6, which has a batch of one; 60,000 architectures. The weight decay is taken as AdamW's.
PUBLISHED = Schedule(steps=60_000, batch_size=1, learning_rate=1e-3, weight_decay=0.05)
DROPPED = 0.3  # share of the conditions that training does not show; the paper gives none
_IGNORED = -100  # what cross_entropy leaves out


class SequenceGenerator(GenerativeModel):
    """A network of the GPT-Neo family over cells, channels and strides.

    Args:
        clusters: Families of cells, K.
        conditions: Names of what an architecture can be asked for, P of ``VECTOR``.
        hidden: Width; 768 in GPT-Neo-125M.
        layers: Transformer blocks; 12 there.
        heads: Of the attention; 12 there.
    """

    def __init__(
        self,
        clusters: int,
        conditions: Sequence[str] = tuple(VECTOR),
        *,
        hidden: int = 128,
        layers: int = 4,
        heads: int = 4,
    ) -> None:
        if clusters < 1 or not conditions or set(conditions) - set(VECTOR):
            raise NasutilsError(
                f"{clusters} clusters, conditions {list(conditions)}: at least one of each, "
                f"and conditions of {', '.join(VECTOR)}."
            )
        super().__init__(
            clusters=clusters,
            conditions=list(conditions),
            hidden=hidden,
            layers=layers,
            heads=heads,
        )
        # Tokens: clusters, then channels, then strides, then the end.
        self.starts = np.cumsum([0, clusters, len(CHANNELS), len(STRIDES)]).tolist()
        self.end = self.starts[3]
        transformers = _transformers()
        config = transformers.GPTNeoConfig(
            vocab_size=self.end + 1,
            hidden_size=hidden,
            num_layers=layers,
            num_heads=heads,
            attention_types=[[["global", "local"], layers // 2], [["global"], layers % 2]],
            max_position_embeddings=len(conditions) + 3 * MAX_CELLS + 1,
            bos_token_id=None,
            eos_token_id=self.end,
        )
        self.network = transformers.GPTNeoForCausalLM(config)
        shape = len(conditions), hidden
        self.slopes = nn.Parameter(0.1 * torch.randn(shape))
        self.known = nn.Parameter(0.1 * torch.randn(shape))
        self.dropped = nn.Parameter(0.1 * torch.randn(shape))
        self.register_buffer("centre", torch.zeros(len(conditions), dtype=torch.float64))
        self.register_buffer("spread", torch.ones(len(conditions), dtype=torch.float64))

    @classmethod
    def from_pretrained(
        cls, folder: Path, clusters: int, conditions: Sequence[str] = tuple(VECTOR)
    ) -> Self:
        """Start from the blocks of a GPT-Neo checkpoint, such as the 125M one of the paper.

        The tokens are ours, so that their embeddings are new. Nothing is downloaded.

        Args:
            folder: With ``config.json`` and weights as ``transformers`` saves them.
            clusters: Families of cells.
            conditions: As of the class.

        Raises:
            DataError: If the folder holds no such checkpoint.
        """
        try:
            given = _transformers().GPTNeoForCausalLM.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            )
        except (OSError, ValueError) as error:
            raise DataError(f"{folder} holds no GPT-Neo checkpoint: {error}") from error
        config = given.config
        sizes = {"hidden": config.hidden_size, "layers": config.num_layers}
        model = cls(clusters, conditions, heads=config.num_heads, **sizes)
        model.network.transformer.h.load_state_dict(given.transformer.h.state_dict(), strict=False)
        model.network.transformer.ln_f.load_state_dict(given.transformer.ln_f.state_dict())
        positions = model.network.transformer.wpe.weight
        positions.data.copy_(given.transformer.wpe.weight[: len(positions)])
        return model

    def set_scale(self, conditions: pd.DataFrame) -> None:
        """Centre and scale conditions as those of the architectures to be trained on."""
        values = self._logged(conditions)
        self.centre.copy_(torch.from_numpy(values.mean(0)))
        self.spread.copy_(torch.from_numpy(values.std(0).clip(min=1e-6)))

    def scale(self, conditions: pd.DataFrame) -> Tensor:
        """Return scaled conditions of N architectures, (N, P); what is left open is NaN."""
        values = torch.from_numpy(self._logged(conditions))
        return ((values - self.centre.cpu()) / self.spread.cpu()).float()

    def _logged(self, conditions: pd.DataFrame) -> np.ndarray:
        columns = []
        for name in self.sizes["conditions"]:
            values = conditions.get(name, pd.Series(np.nan, conditions.index)).to_numpy(float)
            if VECTOR[name] and (values <= 0).any():
                raise NasutilsError(f"{name} is {values.min():g}: it must be positive.")
            columns.append(np.log(values) if VECTOR[name] else values)
        return np.stack(columns, 1)

    def tokens(self, architectures: Sequence[HighLevel]) -> Tensor:
        """Return N architectures as tokens, (N, 61), -100 after the end.

        Raises:
            NasutilsError: If a cluster, a number of channels, a stride or the length is not valid.
        """
        rows = torch.full((len(architectures), 3 * MAX_CELLS + 1), _IGNORED)
        for row, architecture in zip(rows, architectures, strict=True):
            if not 1 <= len(architecture) <= MAX_CELLS:
                raise NasutilsError(f"{len(architecture)} cells: an architecture has 1 to 20.")
            written = [token for cell in architecture for token in self._of_cell(*cell)]
            row[: len(written) + 1] = torch.tensor([*written, self.end])
        return rows

    def _of_cell(self, cluster: int, channels: int, stride: int) -> tuple[int, int, int]:
        valid = cluster in range(self.sizes["clusters"]) and channels in CHANNELS
        if not valid or stride not in STRIDES:
            raise NasutilsError(
                f"cluster {cluster}, {channels} channels, stride {stride}: valid are clusters from "
                f"0 to {self.sizes['clusters'] - 1}, channels from 8 to 1024 in steps of 8, and "
                "strides 1 and 2."
            )
        places = cluster, CHANNELS.index(channels), STRIDES.index(stride)
        return tuple(s + p for s, p in zip(self.starts, places, strict=False))

    def architecture(self, tokens: Sequence[int]) -> HighLevel:
        """Return the architecture that a row of tokens writes, up to the end."""
        tokens = list(tokens)
        tokens = tokens[: tokens.index(self.end)] if self.end in tokens else tokens
        cells = zip(tokens[::3], tokens[1::3], tokens[2::3], strict=True)
        _, channels, strides, _ = self.starts
        return tuple((k, CHANNELS[c - channels], STRIDES[s - strides]) for k, c, s in cells)

    def allowed(self, position: int) -> Tensor:
        """Return which tokens may stand at a position, bool of shape (vocabulary,)."""
        mask = torch.zeros(self.end + 1, dtype=torch.bool)
        part = position % 3
        if position < 3 * MAX_CELLS:
            mask[self.starts[part] : self.starts[part + 1]] = True
        mask[self.end] = part == 0 and position > 0
        return mask

    def prompt(self, conditions: Tensor) -> Tensor:
        """Return the embeddings of scaled conditions: (B, P), NaN where dropped, to (B, P, H)."""
        open_ = conditions.isnan().unsqueeze(-1)
        values = conditions.nan_to_num().unsqueeze(-1)
        return torch.where(open_, self.dropped, self.known + values * self.slopes)

    def losses(
        self, tokens: Tensor, conditions: Tensor, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Return the mean negative log-likelihood of a token (Eq. 10), in nats.

        Args:
            tokens: Of B architectures, (B, 61).
            conditions: Scaled, (B, P), of which some are dropped here.
            generator: Of the draws.
        """
        draws = torch.rand(conditions.shape, generator=generator)
        conditions = conditions.masked_fill(draws < DROPPED, torch.nan)
        embedded = self.network.get_input_embeddings()(tokens[:, :-1].clamp(min=0))
        inputs = torch.cat([self.prompt(conditions), embedded], 1)
        hidden = self.network.transformer(inputs_embeds=inputs).last_hidden_state
        logits = self.network.lm_head(hidden[:, conditions.shape[1] - 1 :])
        return {"nll": F.cross_entropy(logits.flatten(0, 1), tokens.flatten())}

    @torch.no_grad()
    def generate(
        self,
        conditions: dict[str, float],
        count: int,
        generator: torch.Generator | None = None,
        *,
        temperature: float = 1.0,
    ) -> list[HighLevel]:
        """Write architectures (Eq. 12).

        Args:
            conditions: What is asked for, by names of ``VECTOR``, as params=1e6; the others are
                left open.
            count: Architectures.
            generator: Of the draws.
            temperature: Of the draws; 0 takes the likeliest token, as the paper does.

        Raises:
            NasutilsError: If the network is untrained, on fewer than one architecture, a negative
                temperature, a condition it was not trained for, or one that is not positive.
        """
        self.check_trained()
        if count < 1 or temperature < 0:
            raise NasutilsError(f"count={count}, temperature={temperature}: from 1 and from 0.")
        if strange := set(conditions) - set(self.sizes["conditions"]):
            known = ", ".join(self.sizes["conditions"])
            raise NasutilsError(f"no condition {', '.join(sorted(strange))}. Valid: {known}.")
        asked = self.scale(pd.DataFrame([conditions], index=[0])).expand(count, -1)
        inputs, cache, rows = self.prompt(asked), None, []
        ended = torch.zeros(count, dtype=torch.bool)
        for position in range(3 * MAX_CELLS + 1):
            out = self.network(inputs_embeds=inputs, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            logits = out.logits[:, -1].masked_fill(~self.allowed(position), -torch.inf)
            tokens = _draw(logits, temperature, generator).masked_fill(ended, self.end)
            rows.append(tokens)
            ended = ended | (tokens == self.end)
            if ended.all():
                break
            inputs = self.network.get_input_embeddings()(tokens).unsqueeze(1)
        return [self.architecture(row) for row in torch.stack(rows, 1).tolist()]


def _draw(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature == 0:
        return logits.argmax(1)
    return torch.multinomial((logits / temperature).softmax(1), 1, generator=generator)[:, 0]


def sequence_losses(
    model: SequenceGenerator,
    architectures: Sequence[HighLevel],
    conditions: pd.DataFrame,
    schedule: Schedule,
) -> Callable[[torch.Generator], dict[str, Tensor]]:
    """Return the losses of random batches, as ``train`` asks for them, and set the scale.

    Args:
        model: To be trained.
        architectures: The history of a search, N.
        conditions: Their proxies, N rows, columns as of ``VECTOR``.
        schedule: Of the training.
    """
    model.set_scale(conditions)
    tokens, scaled = model.tokens(architectures), model.scale(conditions)

    def losses(generator: torch.Generator) -> dict[str, Tensor]:
        rows = torch.randint(len(tokens), (schedule.batch_size,), generator=generator)
        return model.losses(tokens[rows], scaled[rows], generator)

    return losses


def _transformers() -> ModuleType | Any:
    """Return the library, which takes seconds to import and looks for torchvision."""
    declare_operators()
    return importlib.import_module("transformers")
