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
from typing import Any

import numpy as np
import pandas as pd

from nasutils.data.fetch import fetch
from nasutils.data.proxy_files import PROXY_COLUMNS, score, zipped_records
from nasutils.data.tables import Table, register
from nasutils.errors import DataError, NasutilsError
from nasutils.spaces.darts import CONCAT, NUM_EDGES, DARTSGenotype, edge_id
from nasutils.spaces.darts import Cell as CellGenotype

MAX_EPOCH = 98

# zen was not scored on these cells.
PROXIES = tuple(name for name in PROXY_COLUMNS if name != "zen")

_UNUSED = "#na#"
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
        """Predict the CIFAR-10 validation accuracy after so many epochs of training.

        Args:
            genotypes: The N cells.
            epoch: Epochs of training, 1 to 98.

        Returns:
            Accuracies in percent, of shape (N,).

        Raises:
            NasutilsError: If ``epoch`` is out of range.
        """
        return self.predict_all(genotypes, epoch)["surrogate_valid_c10"].to_numpy()

    def predict_all(
        self, genotypes: Iterable[DARTSGenotype], epoch: int = MAX_EPOCH
    ) -> pd.DataFrame:
        """Predict accuracy and training time.

        Args:
            genotypes: The N cells.
            epoch: Epochs of training, 1 to 98.

        Returns:
            A frame of N rows: ``surrogate_valid_c10`` in percent and ``surrogate_train_seconds``.

        Raises:
            NasutilsError: If ``epoch`` is out of range.
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
        codes = [self._codes[_parameter(name)][value] for name, value in values.items()]
        return np.array([codes], dtype=np.int32)  # (1, 34)


def _parameter(name: str) -> str:
    return f"NetworkSelectorDatasetInfo_COLON_darts_COLON_{name}"


def surrogate_inputs(genotype: DARTSGenotype) -> dict[str, str]:
    """Return the surrogate's 34 categories in its order: edges, then the nodes' inputs.

    An edge that the cell does not use is "#na#". Node 2 always reads nodes 0 and 1, so that only
    nodes 3 to 5 have a category of inputs.
    """
    cells = dict(zip(("normal", "reduce"), genotype.cells, strict=True))
    edges = {
        f"edge_{name}_{i}": op
        for name, cell in cells.items()
        for i, op in enumerate(_edge_ops(cell))
    }
    inputs = {
        f"inputs_node_{name}_{node}": "{}_{}".format(*sorted(_sources(cell, node)))
        for name, cell in cells.items()
        for node in CONCAT[1:]
    }
    return edges | inputs


def _edge_ops(cell: CellGenotype) -> list[str]:
    ops = [_UNUSED] * NUM_EDGES
    for i, (op, source) in enumerate(cell):
        ops[edge_id(source, CONCAT[i // 2])] = op
    return ops


def _sources(cell: CellGenotype, node: int) -> tuple[int, int]:
    first = 2 * CONCAT.index(node)
    return cell[first][1], cell[first + 1][1]


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _trained_cells(path: Path) -> dict[int, str]:
    """Return NASLib's compact string of each trained cell, by NASLib's number."""
    return {int(number): compact for number, compact in _read_json(path).items()}


def _scores(archive: Path, proxy: str, cells: dict[int, str]) -> pd.Series:
    """Read one proxy's archive, checking that its cells are the numbered ones."""
    scores = {}
    for _, record in zipped_records(archive):
        number = int(record["idx"])
        if cells.get(number) != record["arch"]:
            raise DataError(f"{archive}: record {number} is not of cell {number}")
        scores[number] = score(record[proxy])
    return pd.Series(scores)


def _build_cells(paths: dict[str, Path]) -> pd.DataFrame:
    cells = _trained_cells(paths["naslib_nb301_archs"])
    archs = [str(DARTSGenotype.from_compact(compact)) for compact in cells.values()]
    frame = pd.DataFrame({"arch": archs}, index=pd.Index(list(cells), name="index"))
    for proxy in ("nwot", "zen"):
        frame[proxy] = _scores(paths[f"naslib_nb301_{proxy}"], proxy, cells)
    return frame


def proxy_records(paths: dict[str, Path]) -> pd.DataFrame:
    """Read the proxies of both NASLib versions: one row a record, 725 and 500 of them."""
    newer = _read_json(paths["naslib_nb301_zc_6639fd1"])["cifar10"]
    older = _read_json(paths["naslib_nb301_zc_9052f54"])["nasbench301"]["cifar10"]
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


def _build_proxies(paths: dict[str, Path]) -> pd.DataFrame:
    records = proxy_records(paths)
    cells = records.groupby("arch", sort=False)
    return cells.mean().assign(repeats=cells.size()).reset_index()


def _build_surrogate(paths: dict[str, Path]) -> pd.DataFrame:
    cells = _trained_cells(paths["naslib_nb301_archs"])
    genotypes = [DARTSGenotype.from_compact(compact) for compact in cells.values()]
    predictions = Surrogate().predict_all(genotypes)
    archs = pd.Series(map(str, genotypes), index=pd.Index(list(cells), name="index"))
    predictions.index = archs.index
    predictions.insert(0, "arch", archs)
    return predictions


_ARCH = "the two cells as DARTS prints a genotype; DARTSGenotype.from_string reads it"

register(
    Table(
        name="nasbench301",
        sources=("naslib_nb301_archs", "naslib_nb301_nwot", "naslib_nb301_zen"),
        build=_build_cells,
        description=(
            "11,221 cells that NAS-Bench-301 trained, in NASLib's order (the frame's index), with "
            "two proxies. Their accuracies are not public in this form: see nasbench301_surrogate."
        ),
        columns={
            "arch": _ARCH,
            "nwot": PROXY_COLUMNS["nwot"],
            "zen": PROXY_COLUMNS["zen"],
        },
    )
)

register(
    Table(
        name="nasbench301_surrogate",
        sources=("naslib_nb301_archs", _MODEL, _CODES),
        build=_build_surrogate,
        description=(
            "What the surrogate predicts for the 11,221 cells of nasbench301, in the same order: "
            "predictions after 98 epochs on CIFAR-10, not measurements."
        ),
        columns={
            "arch": _ARCH,
            "surrogate_valid_c10": "validation accuracy (%) that the surrogate predicts",
            "surrogate_train_seconds": "training time (s) that the surrogate predicts",
        },
    )
)

register(
    Table(
        name="nasbench301_proxies",
        sources=("naslib_nb301_zc_6639fd1", "naslib_nb301_zc_9052f54"),
        build=_build_proxies,
        description=(
            "1,218 random cells with zero-cost proxies on CIFAR-10, from two versions of NASLib: "
            "725 and 500 records, seven cells in both, whose scores are averaged. None is among "
            "the cells of nasbench301. The network is NASLib's: 32 channels, 8 cells, a batch norm "
            "after each pooling, too, and no scale or shift in the operations' batch norms."
        ),
        columns={
            "arch": _ARCH,
            "valid_c10": (
                "CIFAR-10 validation accuracy (%) as NASLib reports it: predicted, with noise, by "
                "the benchmark's own surrogate"
            ),
            **{name: PROXY_COLUMNS[name] for name in PROXIES},
            "nwot": f"{PROXY_COLUMNS['nwot']}; NaN for 493 cells",
            "repeats": "number of records that were averaged",
        },
    )
)
