from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.screening.audits import Audit, Drawn, audit
from assay.ranking.screening.promised_rate import promised_rate
from assay.ranking.screening.selection import lot, promoted
from builders.effort import tries
from builders.score_tables import scores, simulated_arms

CALIBRATION, ADDED = 36, 40
NAMES = tuple(f"h{index}" for index in range(CALIBRATION + ADDED))
KNOWN, NEW = NAMES[:CALIBRATION], NAMES[CALIBRATION:]


def two_arms(
    generator: np.random.Generator, *, true_tau: float = 0.9, noise: float = 0.2, wrong: slice | None = None
) -> tuple[Scores, Scores]:
    """Reference and proxy; the proxy is turned round for the newcomers of a slice."""
    reference, proxy = simulated_arms(generator, CALIBRATION + ADDED, true_tau=true_tau, noise=noise)
    values = proxy.values.copy()
    if wrong is not None:
        values[CALIBRATION:][wrong] *= -1
    return scores(reference.values, NAMES), scores(values, NAMES)


def audited(
    reference: Scores, proxy: Scores, drawn: Sequence[Drawn], *, promised: float = 0.9, strata: Sequence[str] = ("a",)
) -> Audit:
    return audit(reference, proxy, KNOWN, drawn, strata, promised=promised, confidence=0.95)


def all_of(stratum: str, names: Sequence[str] = NEW) -> list[Drawn]:
    return [Drawn(name, stratum) for name in names]


def test_a_proxy_that_keeps_its_promise_is_seldom_revoked_however_many_are_audited() -> None:
    generator, revoked, studies = np.random.default_rng(0), 0, tries(40, quick=20)
    for _ in range(studies):
        reference, proxy = two_arms(generator, true_tau=0.8)
        rate = promised_rate("KendallTau", 0.8, reference.restricted(KNOWN), proxy.restricted(KNOWN))
        revoked += audited(reference, proxy, all_of("a"), promised=rate).revoked
    assert revoked <= stats.binom.ppf(0.99, studies, 0.05)


def test_a_proxy_that_is_wrong_is_revoked_after_a_few_audits() -> None:
    generator = np.random.default_rng(1)
    after = [audited(*two_arms(generator, wrong=slice(None)), all_of("a")).revoked_after for _ in range(20)]
    assert None not in after
    assert np.median([each or 0 for each in after]) <= 6


def test_a_new_kind_is_not_outvoted_by_the_known_one() -> None:
    reference, proxy = two_arms(np.random.default_rng(2), wrong=slice(30, None))
    drawn = [*all_of("known", NEW[:30]), *all_of("new", NEW[30:])]
    found = audited(reference, proxy, drawn, strata=("known", "new"))
    assert (found.revoked, found.revoking) == (True, "new")
    assert not audited(reference, proxy, all_of("a"), strata=("a",)).revoked


def test_a_kind_that_is_better_than_all_but_in_no_order_is_found() -> None:
    generator = np.random.default_rng(3)
    reference, proxy = two_arms(generator)
    values = [arm.values.copy() for arm in (reference, proxy)]
    for table in values:
        table[CALIBRATION:] = 9 + generator.standard_normal((ADDED, 1)) + 0.1 * generator.standard_normal((ADDED, 3))
    found = audited(scores(values[0], NAMES), scores(values[1], NAMES), all_of("a"))
    assert found.revoked
    assert found.strata[0].alike == 1.0  # with the calibration's


def test_what_comes_after_a_revocation_changes_nothing() -> None:
    reference, proxy = two_arms(np.random.default_rng(4), wrong=slice(0, 12))
    whole = audited(reference, proxy, all_of("a"))
    assert whole.revoked_after is not None
    assert audited(reference, proxy, all_of("a", NEW[: whole.revoked_after])) == whole
    assert not audited(reference, proxy, all_of("a", NEW[: whole.revoked_after - 1])).revoked


def test_nothing_depends_on_the_scale_of_the_scores_or_on_the_order_of_the_rows() -> None:
    reference, proxy = two_arms(np.random.default_rng(5), wrong=slice(0, 5))
    want = audited(reference, proxy, all_of("a"))
    order = np.random.default_rng(6).permutation(len(NAMES))

    def changed(arm: Scores, scale: float, shift: float) -> Scores:
        return Scores(tuple(NAMES[at] for at in order), arm.seeds, (scale * arm.values + shift)[order])

    found = audited(changed(reference, 100.0, 7.0), changed(proxy, 0.01, -3.0), all_of("a"))
    assert found.revoked_after == want.revoked_after
    assert [each.alike for each in found.strata] == pytest.approx([each.alike for each in want.strata])
    assert [each.evidence for each in found.strata] == pytest.approx([each.evidence for each in want.strata])


def test_who_has_no_score_is_passed_over() -> None:
    reference, proxy = two_arms(np.random.default_rng(7))
    values = reference.values.copy()
    values[CALIBRATION] = np.nan
    found = audited(scores(values, NAMES), proxy, all_of("a"))
    assert found.strata[0].hypotheses == ADDED - 1
    without = audited(reference, proxy, all_of("a", NEW[1:]))
    assert found.strata == without.strata


def test_without_noise_every_pair_that_is_not_tied_is_separable() -> None:
    truth = np.arange(len(NAMES), dtype=float)[:, None] + np.zeros(2)
    found = audited(scores(truth, NAMES), scores(truth, NAMES), all_of("a", NEW[:4]))
    assert found.strata[0].pairs == 4 * CALIBRATION
    assert found.strata[0].alike == 1.0


def test_one_seed_shows_no_noise_so_no_pair_is_separable() -> None:
    truth = np.arange(len(NAMES), dtype=float)[:, None]
    found = audited(scores(truth, NAMES), scores(-truth, NAMES), all_of("a"))
    assert not found.revoked
    assert found.strata[0].alike is None


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"promised": 0.4}, "promised: 0.4"),
        ({"promised": 1.0}, "promised: 1.0"),
        ({"strata": ("b",)}, "stratum 'a'"),
    ],
)
def test_what_can_not_be_is_refused(given: dict[str, object], want: str) -> None:
    reference, proxy = two_arms(np.random.default_rng(8))
    with pytest.raises(ValueError, match=want):
        audited(reference, proxy, all_of("a"), **given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"confidence: 1\.0"):
        audit(reference, proxy, KNOWN, all_of("a"), ("a",), promised=0.9, confidence=1.0)


def test_a_certificate_promises_what_its_statistic_says_but_not_more_than_was_seen() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(9), 60, true_tau=0.97, noise=0.1)
    assert promised_rate("DecisionAccuracy", 0.8, reference, proxy) == 0.8
    tau = promised_rate("KendallTau", 0.8, reference, proxy)
    assert 0.9 < tau < 0.97
    assert promised_rate("KendallTau", 0.6, reference, proxy) < tau
    assert tau < promised_rate("WinnerRegret", 0.8, reference, proxy) < 1
    unrelated = scores(np.random.default_rng(10).standard_normal((60, 3)), proxy.hypotheses)
    assert promised_rate("DecisionAccuracy", 0.8, reference, unrelated) < 0.65


def test_another_statistic_promises_nothing() -> None:
    reference, proxy = simulated_arms(np.random.default_rng(11), 10, true_tau=0.9, noise=0.1)
    with pytest.raises(ValueError, match="statistic: 'Tau', allowed are"):
        promised_rate("Tau", 0.8, reference, proxy)


def means(values: FloatArray) -> Scores:
    return scores(np.asarray(values)[:, None] + np.array([-0.1, 0.0, 0.1]))


def test_the_best_are_promoted_and_who_is_within_noise_of_the_last_of_them() -> None:
    generator = np.random.default_rng(12)
    values = np.array([5.0, 4.0, 3.0, 2.9, 1.0, 0.0])[:, None] + 0.2 * generator.standard_normal((6, 3))
    assert promoted(scores(values), 2) == {"h0", "h1"}
    assert promoted(scores(values), 3) == {"h0", "h1", "h2", "h3"}
    assert promoted(scores(values), 99) == {f"h{index}" for index in range(6)}


def test_without_noise_only_equals_are_promoted_beside_the_best() -> None:
    assert promoted(means(np.array([3.0, 2.0, 2.0, 1.0])), 2) == {"h0", "h1", "h2"}


def test_who_has_no_score_is_not_promoted() -> None:
    values = means(np.array([3.0, 2.0, 1.0])).values.copy()
    values[0] = np.nan
    assert promoted(scores(values), 1) == {"h1"}
    assert promoted(scores(np.full((2, 3), np.nan)), 1) == frozenset()
    with pytest.raises(ValueError, match="count: 0"):
        promoted(scores(values), 0)


def test_lots_are_uniform_and_depend_on_seed_name_and_identity() -> None:
    lots = np.array([lot(seed, name, "x") for seed in range(5) for name in NAMES])
    assert len(set(lots)) == len(lots)
    assert 0 <= lots.min() < lots.max() < 1
    assert abs(lots.mean() - 0.5) < 4 / np.sqrt(12 * len(lots))
    assert lot(0, "a", "x") != lot(0, "a", "y")
