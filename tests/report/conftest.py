"""Drawings are tested without a screen."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _no_screen():
    with mpl.rc_context():
        plt.switch_backend("Agg")
        yield
        plt.close("all")
