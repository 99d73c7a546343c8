"""What people read: tables and figures, made from JSON, and what a handful of seeds says."""

from .cost_figure import draw_cost
from .stats import LEVEL, paired, spread, verdict
from .tables import align

__all__ = ["LEVEL", "align", "draw_cost", "paired", "spread", "verdict"]
