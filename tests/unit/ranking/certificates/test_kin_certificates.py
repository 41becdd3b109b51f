"""Certificates where hypotheses are kin, or stand apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.ranking import Certificate, Criterion, Scores, certify
from assay.ranking.true_orders.kin import Kin

COUNT = 36
NAMES = tuple(f"h{number}" for number in range(COUNT))
CRITERION = Criterion("KendallTau", 0.8, 0.95)


def kin(families: int, *, declared: bool = True) -> Kin:
    return Kin("family", tuple((name, str(number % families)) for number, name in enumerate(NAMES)), declared)


def certificate(
    of: Sequence[Kin] = (), *, of_family: float = 0.0, families: int = 6, apart: bool = False
) -> Certificate:
    """Return what is said of a good proxy, that misjudges families by so much, and the first hypothesis if `apart`."""
    generator = np.random.default_rng(1)
    own = generator.standard_normal(COUNT)
    wrong = of_family * generator.standard_normal(families)[np.arange(COUNT) % families]
    proxy = own + wrong + 0.1 * generator.standard_normal(COUNT)
    if apart:
        proxy[0] = -4 * np.sign(own[0])
    arms = [
        Scores(NAMES, (0, 1, 2), true[:, None] + 0.05 * generator.standard_normal((COUNT, 3))) for true in (own, proxy)
    ]
    found = certify(
        arms[0], {"proxy": arms[1]}, CRITERION, (3,), 1, generator=np.random.default_rng(0), draws=800, kin=of
    )
    return found["proxy"]


def test_the_same_scores_certify_less_if_the_hypotheses_are_kin() -> None:
    alone, in_families = certificate(of_family=0.12), certificate([kin(6)], of_family=0.12)
    assert alone.low is not None
    assert in_families.low is not None
    assert in_families.low < alone.low - 0.03
    assert (in_families.kin, in_families.families) == ("family", 6)
    assert in_families.effective_hypotheses is not None
    assert 6 <= in_families.effective_hypotheses < 20


def test_hypotheses_that_are_all_of_one_family_leave_nothing_to_compare() -> None:
    found = certificate([kin(1)])
    assert found.decision == "Undecided"
    want_reason = "all hypotheses are of one family by family: nothing independent is left to compare"
    assert found.reason == want_reason
    assert "other families" in found.needed_message


def test_families_of_one_each_change_nothing() -> None:
    assert certificate([kin(COUNT)]).low == certificate().low


def test_what_it_takes_counts_families() -> None:
    found = certificate([kin(6)], of_family=0.3)
    assert found.decision == "Undecided"
    assert "families by family" in found.needed_message
    assert found.needed_hypotheses is not None
    assert found.needed_hypotheses > COUNT


def test_a_key_that_explains_nothing_is_not_named() -> None:
    found = certificate([kin(6, declared=False)])
    assert (found.kin, found.families, found.effective_hypotheses) == ("", None, None)


def test_who_stands_apart_is_named_beside_the_certificate() -> None:
    found = certificate(apart=True)
    assert found.standing_apart[0] == "h0"
    assert certificate().standing_apart == ()
