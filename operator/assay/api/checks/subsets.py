"""What is wrong with how a proxy chooses its training examples."""

from __future__ import annotations

from collections.abc import Iterator

from assay.api.arms import Arm
from assay.api.errors import Problem
from assay.api.resources import ProxyArm, Subset
from assay_trainer.contract import BY_HARDNESS


def wrong_subset(where: str, path: str, proxy: ProxyArm, arm: Arm) -> Iterator[Problem]:
    """Yield what is wrong with the subset of a proxy, which is at `path`."""
    fidelity = arm.fidelity
    if proxy.subset is not None and not fidelity.takes_subset:
        allowed = "a subset only together with a dataPercent below 100"
        yield Problem(where, f"{path}.subset", proxy.subset, allowed)
    if (proxy.subset is Subset.CUSTOM) != (proxy.subset_entrypoint is not None):
        given = f'"{proxy.subset_entrypoint}"' if proxy.subset_entrypoint else "nothing"
        allowed = f"module:function with the subset Custom, and only then; the subset is {fidelity.subset}"
        yield Problem(where, f"{path}.subsetEntrypoint", given, allowed)
    if (left_out := proxy.hardest_percent_left_out) is None:
        return
    if proxy.subset not in BY_HARDNESS:
        given = f"{left_out}, and the subset is {fidelity.subset}"
        allowed = "hardestPercentLeftOut only together with the subset EL2N or CCS"
        yield Problem(where, f"{path}.hardestPercentLeftOut", given, allowed)
    elif left_out + fidelity.data_percent > 100:
        allowed = f"at most {100 - fidelity.data_percent}, what a dataPercent of {fidelity.data_percent} leaves"
        yield Problem(where, f"{path}.hardestPercentLeftOut", str(left_out), allowed)
