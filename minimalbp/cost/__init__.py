"""The cost law k / n, measured: sparse backward passes beside the fastest dense code and the machine's ceilings."""

from .checks import resolve_ks
from .forward import compare_forward
from .peers import TorchStep, peer_threads
from .plan import CostPlan, plan_convs, plan_layers, plan_sparse, plan_steps
from .problem import check_shape

__all__ = [
    "CostPlan", "TorchStep", "check_shape", "compare_forward", "peer_threads", "plan_convs", "plan_layers",
    "plan_sparse", "plan_steps", "resolve_ks",
]  # fmt: skip
