"""Do proxies that were measured on one task select cells for another (the idea of Table 4)?

NAS-Bench-360 is not public as a table; 199 cells of NAS-Bench-201 that NAS-Bench-Suite-Zero trained
on three other tasks are. Every one of them is a GraphNet cell.
"""

import numpy as np
import pandas as pd

from nasutils.data.tables import load_table
from nasutils.methods.generative.clusters import VECTOR, Clusters
from nasutils.methods.generative.proxy_vector import Scoring, proxy_vector, stacked, t_cet
from nasutils.proxies.registry import UNDEFINED
from nasutils.spaces.graphnet import GraphNetCell
from nasutils.spaces.nasbench201 import NONE, NASBench201Cell

TASKS = ("ninapro", "svhn", "scifar100")
CHOSEN = 10  # cells of the highest score


def graphnet_of(cell: NASBench201Cell) -> GraphNetCell | None:
    """Return the GraphNet cell that computes the same; None where no signal passes."""
    joined = cell.adjacency_and_ops()[0].astype(bool)
    live = np.array([True, *(op != NONE for op in cell.ops), True])
    joined &= live & live[:, None]
    paths = np.linalg.matrix_power(np.eye(len(live)) + joined, len(live)) > 0
    kept = np.flatnonzero(paths[0] & paths[:, -1])
    if not paths[0, -1]:
        return None
    names = {"skip_connect": "skip"}
    ops = (cell.ops[vertex - 1] for vertex in kept[1:-1])
    ops = tuple(names.get(op, op.removeprefix("nor_")) for op in ops)
    return GraphNetCell(joined[np.ix_(kept, kept)].astype(int), ops)


def cell_scores(
    archs: pd.Series, clusters: Clusters, reference: GraphNetCell, scoring: Scoring
) -> pd.DataFrame:
    """Return what could select among N cells of NAS-Bench-201, the higher the better.

    Args:
        archs: Their strings.
        clusters: Whose scale distances of proxy vectors have.
        reference: A good cell of another task.
        scoring: Images and networks of the proxies.

    Returns:
        Columns of ``VECTOR``; ``t_cet``; ``mean rank``, of the four; and ``likeness``, minus the
        distance (L1) of a vector from the reference's. All minus infinity where no signal passes.
    """
    rows = []
    for arch in archs:
        cell = graphnet_of(NASBench201Cell.from_string(arch))
        rows.append(
            {}
            if cell is None
            else {
                **proxy_vector(cell, scoring),
                "t_cet": t_cet(stacked(cell, scoring), scoring),
            }
        )
    found = pd.DataFrame(rows, index=archs.index, columns=[*VECTOR, "t_cet"]).fillna(UNDEFINED)
    found["mean rank"] = found[list(VECTOR)].rank().mean(axis=1)
    whole = np.isfinite(found[list(VECTOR)]).all(axis=1)
    centre = clusters.scale(pd.DataFrame([proxy_vector(reference, scoring)]))
    found["likeness"] = UNDEFINED
    found.loc[whole, "likeness"] = -np.abs(clusters.scale(found[whole]) - centre).sum(1)
    return found


def tasks_table() -> pd.DataFrame:
    """Return validation accuracies (%) of the cells, a row a cell and a column a task.

    Raises:
        DataError: If the table cannot be had.
    """
    table = load_table("other_tasks").query("space == 'nasbench201'")
    return table.pivot(index="arch", columns="task", values="valid")[list(TASKS)]
