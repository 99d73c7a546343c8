"""Figures are what these tests look at."""

import pytest
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def drawn(each_figure_once, monkeypatch):
    """Every figure is drawn in full."""
    monkeypatch.setattr(Figure, "savefig", each_figure_once)
