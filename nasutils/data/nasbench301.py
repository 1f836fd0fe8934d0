"""NAS-Bench-301: DARTS cells, their zero-cost proxies, and a surrogate that scores any cell.

The benchmark itself is a surrogate: a model fitted to the CIFAR-10 validation accuracies of trained
cells. Its own model is not public in a form that can be used here; ``Surrogate`` is a public
approximation of it. Whatever it predicts carries "surrogate" in its name.

Sources: Zela et al., "Surrogate NAS Benchmarks", ICLR 2022, https://arxiv.org/abs/2008.09777;
Krishnakumar et al., "NAS-Bench-Suite-Zero", NeurIPS 2022, https://arxiv.org/abs/2210.03230;
Pfisterer et al., "YAHPO Gym", AutoML 2022, https://arxiv.org/abs/2109.03670.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from nasutils.data.fetch import fetch
from nasutils.data.proxy_files import PROXY_COLUMNS, score, zipped_records
from nasutils.data.tables import table
from nasutils.errors import DataError, NasutilsError
from nasutils.spaces.darts import CONCAT, NUM_EDGES, DARTSGenotype, edge_id
from nasutils.spaces.darts import Cell as CellGenotype

MAX_EPOCH = 98

# zen was not scored on these cells.
PROXIES = tuple(name for name in PROXY_COLUMNS if name != "zen")

_UNUSED = "#na#"
_PREFIX = "NetworkSelectorDatasetInfo_COLON_darts_COLON_"  # of the names of its inputs
_MODEL, _CODES = "yahpo_nb301_model", "yahpo_nb301_encoding"


class Surrogate:
    """A public approximation of NAS-Bench-301, for any DARTS cell.

    Against the 1,225 published scores of the benchmark's own model it ranks with Spearman .904 and
    Kendall's tau .735, and predicts 1.3 points too much (at epoch 98).

    Raises:
        DataError: If the model cannot be had, or onnxruntime is not installed.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise DataError(
                "the NAS-Bench-301 surrogate needs onnxruntime: pip install onnxruntime"
            ) from error
        options = onnxruntime.SessionOptions()
        # One cell takes under a millisecond: threads would only wait for each other.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            fetch(_MODEL).read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._codes = json.loads(fetch(_CODES).read_text(encoding="utf-8"))

    def predict(self, genotypes: Iterable[DARTSGenotype], epoch: int = MAX_EPOCH) -> np.ndarray:
        """Predict the CIFAR-10 validation accuracy after so many epochs, percent of shape (N,)."""
        return self.predict_all(genotypes, epoch)["surrogate_valid_c10"].to_numpy()

    def predict_all(
        self, genotypes: Iterable[DARTSGenotype], epoch: int = MAX_EPOCH
    ) -> pd.DataFrame:
        """Predict ``surrogate_valid_c10`` in percent and ``surrogate_train_seconds``, a row a cell.

        Raises:
            NasutilsError: If ``epoch`` is not 1 to 98.
        """
        if not 1 <= epoch <= MAX_EPOCH:
            raise NasutilsError(
                f"the NAS-Bench-301 surrogate knows epochs 1 to {MAX_EPOCH}, not {epoch}"
            )
        x_cont = np.array([[epoch]], dtype=np.float32)
        outputs = [
            # The model's batch size is fixed at one.
            self._session.run(None, {"x_cat": self._encode(genotype), "x_cont": x_cont})[0][0]
            for genotype in genotypes
        ]
        return pd.DataFrame(
            np.array(outputs, dtype=np.float64).reshape(-1, 2),
            columns=["surrogate_valid_c10", "surrogate_train_seconds"],
        )

    def _encode(self, genotype: DARTSGenotype) -> np.ndarray:
        values = surrogate_inputs(genotype)
        codes = [self._codes[_PREFIX + name][value] for name, value in values.items()]
        return np.array([codes], dtype=np.int32)  # (1, 34)


def surrogate_inputs(genotype: DARTSGenotype) -> dict[str, str]:
    """Return the surrogate's 34 categories in its order: edges, then the nodes' inputs.

    An edge that the cell does not use is "#na#". Node 2 always reads nodes 0 and 1, so that only
    nodes 3 to 5 have a category of inputs.
    """
    edges, inputs = {}, {}
    for name, cell in zip(("normal", "reduce"), genotype.cells, strict=True):
        edges |= {f"edge_{name}_{i}": op for i, op in enumerate(_edge_ops(cell))}
        for node, first in zip(CONCAT[1:], (2, 4, 6), strict=True):
            low, high = sorted(source for _, source in cell[first : first + 2])
            inputs[f"inputs_node_{name}_{node}"] = f"{low}_{high}"
    return edges | inputs


def _edge_ops(cell: CellGenotype) -> list[str]:
    ops = [_UNUSED] * NUM_EDGES
    for i, (op, source) in enumerate(cell):
        ops[edge_id(source, CONCAT[i // 2])] = op
    return ops


def _trained_cells(path: Path) -> dict[int, str]:
    """Return NASLib's compact string of each trained cell, by NASLib's number."""
    return {int(number): compact for number, compact in json.loads(path.read_bytes()).items()}


def _scores(archive: Path, proxy: str, cells: dict[int, str]) -> pd.Series:
    """Read one proxy's archive, checking that its cells are the numbered ones."""
    scores = {}
    for _, record in zipped_records(archive):
        number = int(record["idx"])
        if cells.get(number) != record["arch"]:
            raise DataError(f"{archive}: record {number} is not of cell {number}")
        scores[number] = score(record[proxy])
    return pd.Series(scores)


@table("nasbench301")
def _build_cells(paths: dict[str, Path]) -> pd.DataFrame:
    cells = _trained_cells(paths["naslib_nb301_archs"])
    archs = [str(DARTSGenotype.from_compact(compact)) for compact in cells.values()]
    frame = pd.DataFrame({"arch": archs}, index=pd.Index(list(cells), name="index"))
    for proxy in ("nwot", "zen"):
        frame[proxy] = _scores(paths[f"naslib_nb301_{proxy}"], proxy, cells)
    return frame


def proxy_records(paths: dict[str, Path]) -> pd.DataFrame:
    """Read the proxies of both NASLib versions: one row a record, 725 and 500 of them."""
    newer = json.loads(paths["naslib_nb301_zc_6639fd1"].read_bytes())["cifar10"]
    older = json.loads(paths["naslib_nb301_zc_9052f54"].read_bytes())["nasbench301"]["cifar10"]
    rows = [
        {
            "arch": str(DARTSGenotype.from_compact(compact)),
            "valid_c10": record["val_accuracy"],
            **{proxy: score(record.get(proxy)) for proxy in PROXIES},
        }
        for records in (newer, older)
        for compact, record in records.items()
    ]
    return pd.DataFrame(rows)


@table("nasbench301_proxies")
def _build_proxies(paths: dict[str, Path]) -> pd.DataFrame:
    records = proxy_records(paths)
    cells = records.groupby("arch", sort=False)
    return cells.mean().assign(repeats=cells.size()).reset_index()


@table("nasbench301_surrogate")
def _build_surrogate(paths: dict[str, Path]) -> pd.DataFrame:
    cells = _trained_cells(paths["naslib_nb301_archs"])
    genotypes = [DARTSGenotype.from_compact(compact) for compact in cells.values()]
    predictions = Surrogate().predict_all(genotypes)
    predictions.index = pd.Index(list(cells), name="index")
    predictions.insert(0, "arch", list(map(str, genotypes)))
    return predictions
