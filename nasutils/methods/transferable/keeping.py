"""Pre-trained encoders in the cache: many experiments start from the same one."""

import hashlib
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from nasutils.data.atomic import replacing
from nasutils.methods.transferable.encoder import CLEncoder, projection_head
from nasutils.methods.transferable.graph_set import GraphSet
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
    path = cache_dir() / "encoders" / name
    if path.is_file():
        try:
            return _load(path, recipe)
        except (OSError, KeyError, RuntimeError, ValueError, EOFError, pickle.PickleError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            warnings.warn(f"{path} is damaged ({reason}). Training again.", stacklevel=2)
    found = pretrain(families, recipe, seed=seed, device=device, progress=progress)
    _keep(found, path)
    return found


def _key(families: Sequence[GraphSet], recipe: ContrastiveRecipe, seed: int, device: str) -> str:
    digest = hashlib.sha256(repr((_VERSION, recipe, seed, device)).encode())
    for graphs in families:
        for field in fields(graphs):
            array = np.ascontiguousarray(getattr(graphs, field.name))
            digest.update(repr((array.dtype.str, array.shape)).encode())
            digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _load(path: Path, recipe: ContrastiveRecipe) -> Pretrained:
    state = torch.load(path, weights_only=True)
    encoder = CLEncoder(recipe.encoder)
    model = torch.nn.ModuleList([encoder, projection_head(encoder.embedding)])
    model.load_state_dict(state["model"])
    model.eval().requires_grad_(False)
    return Pretrained(*model, state["losses"].numpy())


def _keep(found: Pretrained, path: Path) -> None:
    model = torch.nn.ModuleList([found.encoder, found.head])
    state = {"model": model.state_dict(), "losses": torch.from_numpy(found.losses)}
    try:
        with replacing(path) as part, part.open("wb") as file:
            torch.save(state, file)
    except OSError as error:
        reason = error.strerror or error
        warnings.warn(f"cannot keep the encoder as {path} ({reason}).", stacklevel=3)
