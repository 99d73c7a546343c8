"""The cost law k / n, measured: sparse backward passes beside the fastest dense code and the machine's ceilings."""

from .forward import compare_forward
from .peers import TorchStep, peer_threads
from .plan import CostPlan, plan_layers, plan_steps, resolve_ks
from .problem import check_shape

__all__ = [
    "CostPlan", "TorchStep", "check_shape", "compare_forward", "peer_threads", "plan_layers", "plan_steps",
    "resolve_ks",
]  # fmt: skip
