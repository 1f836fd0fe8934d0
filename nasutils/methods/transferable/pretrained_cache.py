"""Pre-trained encoders in the cache: many experiments start from the same one."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
import torch

from nasutils.cache import cached
from nasutils.files import atomic_write
from nasutils.methods.common.graph_set import GraphSet
from nasutils.methods.transferable.encoder import CLEncoder, projection_head
from nasutils.methods.transferable.pretraining import ContrastiveRecipe, Pretrained, pretrain
from nasutils.paths import cache_dir

# Raised whenever the same recipe on the same graphs trains another encoder.
_VERSION = 1


def pretrained(
    families: Sequence[GraphSet],
    recipe: ContrastiveRecipe | None = None,
    *,
    seed: int,
    device: str = "cpu",
    progress: bool = False,
) -> Pretrained:
    """Return what ``pretrain`` returns, from the cache if it is there.

    Args:
        families: As of ``pretrain``.
        recipe: Likewise.
        seed: Likewise.
        device: Likewise; encoders of a CPU and of a GPU are kept apart.
        progress: Likewise.

    Raises:
        NasutilsError: As ``pretrain``.
    """
    recipe = recipe or ContrastiveRecipe()
    name = f"contrastive-{_key(families, recipe, seed, torch.device(device).type)}.pt"
    return cached(
        cache_dir() / "encoders" / name,
        load=partial(_load, recipe),
        make=lambda: pretrain(families, recipe, seed=seed, device=device, progress=progress),
        save=_save,
    )


def _key(families: Sequence[GraphSet], recipe: ContrastiveRecipe, seed: int, device: str) -> str:
    digest = hashlib.sha256(repr((_VERSION, recipe, seed, device)).encode())
    for graphs in families:
        for field in fields(graphs):
            array = np.ascontiguousarray(getattr(graphs, field.name))
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _load(recipe: ContrastiveRecipe, path: Path) -> Pretrained:
    state = torch.load(path, weights_only=True)
    encoder = CLEncoder(recipe.encoder)
    model = torch.nn.ModuleList([encoder, projection_head(encoder.embedding)])
    model.load_state_dict(state["model"])
    model.eval().requires_grad_(False)
    return Pretrained(*model, state["losses"].numpy())


def _save(found: Pretrained, path: Path) -> None:
    model = torch.nn.ModuleList([found.encoder, found.head])
    state = {"model": model.state_dict(), "losses": torch.from_numpy(found.losses)}
    with atomic_write(path) as part, part.open("wb") as file:
        torch.save(state, file)
