"""What is allowed, and was seen to mislead: said by `assay validate`, and forbidden by nothing."""

from __future__ import annotations

from collections.abc import Iterator

from assay.api.arms import arms_of
from assay.api.checks.device_requests import device_cautions
from assay.api.resources import Goal, ProxyStudy

SMALL_PERCENT = 50
"""Below it, subsets that are chosen by scores were seen to order hypotheses worse than random ones."""

_WHERE = "see docs/proxies.md"


def cautions(study: ProxyStudy) -> Iterator[str]:
    """Yield a sentence for each proxy whose subset is of a kind that was measured and ordered hypotheses badly, and for
    devices and cores that would not be used well."""
    yield from device_cautions(f"ProxyStudy/{study.name}", study.spec.trainer)
    for arm in arms_of(study):
        fidelity, place = arm.fidelity, f"ProxyStudy/{study.name}: spec.proxies[{arm.proxy}]"
        if not fidelity.needs_scores:
            continue
        if _is_a_loss(arm.metric.name, arm.metric.goal):
            yield (
                f"{place}: {arm.name} is ranked by {arm.metric.name} on examples that {fidelity.subset} chooses, which "
                f"are not like the held-out ones; losses were seen in another order then. Rank it by accuracy, or take "
                f"a Random subset ({_WHERE})"
            )
        elif fidelity.data_percent < SMALL_PERCENT:
            yield (
                f"{place}: {arm.name} has {fidelity.data_percent} % of the data, chosen by {fidelity.subset}; below "
                f"{SMALL_PERCENT} % those that were measured (EL2N, CCS) ordered hypotheses no better than a Random "
                f"subset of the same size, some much worse, and their scores cost time ({_WHERE})"
            )


def _is_a_loss(name: str, goal: Goal) -> bool:
    return goal is Goal.MINIMIZE and any(word in name.lower() for word in ("loss", "nll", "entropy", "perplexity"))
