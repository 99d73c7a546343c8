"""What people read: tables and figures, made from JSON, and what a handful of seeds says."""

from .cost_figure import draw_cost
from .curves import curve, seconds_to
from .curves_figure import draw_curves
from .stats import LEVEL, paired, spread, verdict
from .tables import align

__all__ = ["LEVEL", "align", "curve", "draw_cost", "draw_curves", "paired", "seconds_to", "spread", "verdict"]
