"""The same cell measured more than once: how noisy a benchmark's accuracies are."""

import numpy as np
import pandas as pd

from nasutils.data import load_table
from nasutils.errors import UnknownNameError
from nasutils.spaces.nasbench201 import NASBench201Cell


def seeds_of_digits() -> np.ndarray:
    """Return NB201-Digits' test accuracies (%), of shape (N, S): N cells under S seeds."""
    runs = load_table("nb201_digits_runs")
    return runs.pivot(index="index", columns="seed", values="test").to_numpy(dtype=float)


def twins_of_nasbench201(column: str, rng: np.random.Generator) -> np.ndarray:
    """Return the accuracies of isomorphic cells, which the benchmark trained one by one.

    Of each class of two or more cells, two random ones. Both are means over the benchmark's
    seeds, so that they differ as two labels of the table do.

    Returns:
        Percent, of shape (N, 2).
    """
    table = load_table("nasbench201").sample(frac=1, random_state=rng)
    classes = table["arch"].map(lambda arch: NASBench201Cell.from_string(arch).isomorphism_class())
    return _first_two(table[column], classes)


def trainings_of_nasbench101() -> np.ndarray:
    """Return two different validation accuracies of the same cells, percent, of shape (N, 2).

    NASLib's records give one of a cell's three trainings each; the few cells that it drew more
    than once show two of them. Equal figures count as the same training.
    """
    records = load_table("nasbench101_proxies").dropna(subset="valid")
    records = records.drop_duplicates(["hash", "valid"])
    return _first_two(records["valid"], records["hash"])


def _first_two(values: pd.Series, groups: pd.Series) -> np.ndarray:
    grouped = values.groupby(groups, sort=False)
    pairs = [group.to_numpy()[:2] for _, group in grouped if len(group) > 1]
    return np.array(pairs, dtype=float)


def repeated_measurements(name: str, rng: np.random.Generator) -> np.ndarray:
    """Return what the benchmark ``name`` lets one see of its noise, of shape (N, repeats).

    Raises:
        UnknownNameError: If it measured nothing twice.
    """
    match name:
        case "nb201-digits":
            return seeds_of_digits()
        case "nb101-c10":
            return trainings_of_nasbench101()
        case "nb201-c10" | "nb201-c100" | "nb201-in16":
            return twins_of_nasbench201(f"test_{name.removeprefix('nb201-')}", rng)
    raise UnknownNameError("benchmark with repeated measurements", name, REPEATED)


REPEATED = ("nb201-digits", "nb101-c10", "nb201-c10", "nb201-c100", "nb201-in16")
