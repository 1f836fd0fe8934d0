"""What stands for an accuracy: the known answers, and that nothing judges itself."""

import pytest

from nasutils.benchmarks.stand_ins import STAND_INS
from nasutils.metrics import kendall_tau

KNOWN = {
    ("nb101-c10", "validation, mean of three trainings"): (3258, 0.941),
    ("nb101-c10", "validation, 108 epochs"): (30_001, 0.901),
    ("nb101-c10", "validation, 4 epochs"): (30_001, 0.327),
    ("nb201-c10", "validation, 12 epochs"): (15_625, 0.594),
    ("nb201-in16", "validation, 12 epochs"): (15_625, 0.643),
    ("nb201-c10", "one super-net"): (15_625, 0.485),
    ("nb201-c10", "several super-nets"): (15_625, 0.551),
}


@pytest.mark.real_data
@pytest.mark.parametrize(("id", "row"), [(id, row) for id in STAND_INS for row in STAND_INS[id]])
def test_known_answers(real_data, id, row):
    pairs = STAND_INS[id][row]()
    assert pairs.notna().all(axis=None)
    assert pairs.shape[1] == 2
    tau = kendall_tau(*pairs.to_numpy().T)
    assert 0.3 < tau < 0.96
    if (id, row) in KNOWN:
        assert (len(pairs), tau) == pytest.approx(KNOWN[id, row], abs=1e-3)
