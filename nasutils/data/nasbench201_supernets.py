"""What NAS-Bench-201 cells reach with weights inherited from public super-nets.

Source: Zhao et al., "Few-shot Neural Architecture Search", ICML 2021,
https://arxiv.org/abs/2006.06863: the logs beside the authors' code.
"""

import json
import re
from pathlib import Path

import pandas as pd

from nasutils.data.nasbench201 import in_order
from nasutils.data.tables import table
from nasutils.errors import DataError
from nasutils.spaces.nasbench201 import EDGES

_FILES = {"one_shot": "fewshot_nb201_one_shot", "few_shot": "fewshot_nb201_few_shot"}
_TERM = re.compile(r"\('(\w+)', (\d)\)")


def arch_from_structure(text: str) -> str:
    """Turn a printed structure, tuples of (operation, source), into a string; DataError if none.

    >>> arch_from_structure(
    ...     "[(('none', 0),), (('none', 0), ('none', 1)), (('none', 0), ('none', 1), ('none', 2))]"
    ... )
    '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|'
    """
    terms = _TERM.findall(text)
    if [int(source) for _, source in terms] != [source for source, _ in EDGES]:
        raise DataError(f"not the structure of a NAS-Bench-201 cell: {text!r}")
    a, b, c, d, e, f = (f"{op}~{source}" for op, source in terms)
    return f"|{a}|+|{b}|{c}|+|{d}|{e}|{f}|"


def _accuracies(path: Path) -> pd.Series:
    try:
        log = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from error
    return pd.Series({arch_from_structure(key): float(value) for key, value in log.items()})


@table("nasbench201_supernets")
def _build(paths: dict[str, Path]) -> pd.DataFrame:
    columns = {name: _accuracies(paths[file]) for name, file in _FILES.items()}
    return in_order(pd.DataFrame(columns), paths)
