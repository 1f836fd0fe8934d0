"""A notebook that holds an error is no chapter."""

import json

import pytest

from tools.book import build, stored_errors

ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "x", "traceback": []}


@pytest.mark.parametrize(
    ("tags", "found"), [([], ["00_a.ipynb, cell 1: KeyError"]), (["raises-exception"], [])]
)
def test_stored_errors_are_found(tmp_path, tags, found):
    cell = {"cell_type": "code", "source": "", "metadata": {"tags": tags}, "outputs": [ERROR]}
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_a.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert stored_errors(tmp_path / "notebooks") == found
    if found:
        with pytest.raises(SystemExit, match="cell 1: KeyError"):
            build(tmp_path, tmp_path / "out")
