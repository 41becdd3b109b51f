"""Certificates over several looks, of several proxies, by all three statistics."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assay.ranking import Certificate, Criterion, Scores, certify
from builders.effort import tries
from builders.score_tables import scores, simulated_arms

TAU = Criterion("KendallTau", 0.8, 0.95)
ACCURACY = Criterion("DecisionAccuracy", 0.9, 0.95)
REGRET = Criterion("WinnerRegret", 0.8, 0.95, promote=2)
LOOKS = (2, 3, 5)


def decide(
    reference: Scores, proxies: dict[str, Scores], reached: int = 3, criterion: Criterion = TAU, draws: int = 299
) -> dict[str, Certificate]:
    return certify(reference, proxies, criterion, LOOKS, reached, generator=np.random.default_rng(1), draws=draws)


def three(seed: int, hypotheses: int = 24, noise: float = 0.3) -> tuple[Scores, dict[str, Scores]]:
    """A reference, and proxies of true tau .97, .85 and .4."""
    generator = np.random.default_rng(seed)
    arms = {}
    for name, tau in (("close", 0.97), ("fair", 0.85), ("far", 0.4)):
        own = np.random.default_rng((seed, 1))
        reference, _ = simulated_arms(own, hypotheses, true_tau=1.0, noise=noise, seeds=5)
        signal = np.random.default_rng((seed, 1)).standard_normal((2, hypotheses))[0]
        r = np.sin(np.pi / 2 * tau)
        true = r * signal + np.sqrt(1 - r * r) * generator.standard_normal(hypotheses)
        arms[name] = scores(true[:, None] + noise * generator.standard_normal((hypotheses, 5)))
    return reference, arms


def first(table: Scores, seeds: int) -> Scores:
    return table.restricted(table.hypotheses, table.seeds[:seeds])


def test_a_look_sees_its_own_seeds_alone_and_what_is_decided_stays_decided() -> None:
    decided = 0
    for seed in range(3):
        reference, proxies = three(seed, noise=0.15)
        found = [decide(reference, proxies, reached) for reached in (1, 2, 3)]
        for reached in (1, 2):
            seeds = LOOKS[reached - 1]
            early = {name: first(proxy, seeds) for name, proxy in proxies.items()}
            assert decide(first(reference, seeds), early, reached) == found[reached - 1]
        for name in proxies:
            for before, after in pairwise(found):
                if before[name].decision != "Undecided":
                    decided += 1
                    assert (after[name].decision, after[name].look) == (before[name].decision, before[name].look)
                    assert not before[name].may_change
    assert decided > 3


def test_proxies_are_judged_alike_in_whatever_order_and_each_more_costs_some() -> None:
    reference, proxies = three(7)
    found = decide(reference, proxies)
    assert decide(reference, dict(reversed(proxies.items()))) == found
    alone = decide(reference, {"close": proxies["close"]})["close"]
    assert (alone.decision, found["close"].decision) == ("Trusted", "Trusted")
    assert alone.look <= found["close"].look
    alone = decide(reference, {"close": proxies["close"]}, 1)["close"]
    together = decide(reference, proxies, 1)["close"]
    assert alone.p_value is not None
    assert together.p_value is not None
    assert alone.p_value <= together.p_value
    assert (alone.tau, alone.corrected) == (together.tau, together.corrected)


def test_a_proxy_that_was_dropped_is_judged_by_its_last_look() -> None:
    reference, proxies = three(8)
    dropped = proxies | {"far": first(proxies["far"], 2)}
    late, early = decide(reference, dropped)["far"], decide(reference, proxies, 1)["far"]
    assert (late.seeds, late.look) == (2, 1)
    assert replace(late, p_value=None, low=None, high=None, may_change=False) == replace(
        early, p_value=None, low=None, high=None, may_change=False
    )


@given(
    seed=st.integers(0, 1000),
    hypotheses=st.integers(2, 16),
    noise=st.sampled_from([0.0, 0.3, 1.5]),
    rounding=st.sampled_from([None, 0]),
    criterion=st.sampled_from([TAU, ACCURACY, REGRET, replace(REGRET, smallest_effect=0.5)]),
)
@settings(max_examples=tries(15, quick=5))
def test_the_interval_says_what_the_decision_says(
    seed: int, hypotheses: int, noise: float, rounding: int | None, criterion: Criterion
) -> None:
    reference, proxies = three(seed, hypotheses, noise)
    if rounding is not None:
        reference = scores(reference.values.round(rounding))
        proxies = {name: scores(proxy.values.round(rounding)) for name, proxy in proxies.items()}
    for found in decide(reference, proxies, criterion=criterion).values():
        if found.low is None or found.high is None:
            assert found.reason
            continue
        assert found.low <= found.high
        assert (found.decision == "Trusted") == (found.low >= criterion.threshold)
        assert (found.decision == "NotTrusted") == (found.high < criterion.threshold)
        if found.decision == "Trusted":
            assert found.p_value is not None
            assert found.p_value <= 0.05 * (1 + 1e-9)


@given(seed=st.integers(0, 1000), criterion=st.sampled_from([TAU, ACCURACY, replace(REGRET, smallest_effect=0.2)]))
@settings(max_examples=tries(5, quick=2))
def test_names_order_and_constants_change_nothing(seed: int, criterion: Criterion) -> None:
    generator = np.random.default_rng(seed)
    reference, proxies = three(seed, 9)
    # ties, which rounding errors must not break
    reference = scores(reference.values.round(1))
    found = decide(reference, proxies, criterion=criterion)
    order = generator.permutation(9)
    names = tuple(f"x{row}" for row in order)

    def changed(table: Scores, constant: float) -> Scores:
        return Scores(names, table.seeds, table.values[order] + constant)

    again = decide(
        changed(reference, 0.7), {name: changed(proxy, -3.3) for name, proxy in proxies.items()}, criterion=criterion
    )
    for name, certificate in found.items():
        assert again[name].decision == certificate.decision
        for field in ("low", "high", "value", "corrected", "p_value"):
            assert getattr(again[name], field) == pytest.approx(getattr(certificate, field)), field


def test_missing_scores_and_unequal_seeds_leave_hypotheses_or_seeds_out() -> None:
    reference, proxies = three(9)
    holed = proxies["close"].values.copy()
    holed[4] = np.nan
    holed[5:, 4] = np.nan
    found = decide(reference, {"close": scores(holed)})["close"]
    assert found.hypotheses == 23
    assert found.seeds <= 5
    assert found.decision != "NotTrusted"


@pytest.mark.parametrize("criterion", [TAU, ACCURACY, REGRET])
def test_a_constant_proxy_is_refused_and_a_perfect_one_of_many_hypotheses_trusted(criterion: Criterion) -> None:
    reference, _ = three(10, 40, noise=0.01)
    found = decide(reference, {"flat": scores(np.ones((40, 5))), "same": reference}, criterion=criterion)
    assert (found["flat"].decision, found["flat"].value) == ("NotTrusted", None)
    assert (found["same"].decision, found["same"].value, found["same"].noise_share) == ("Trusted", 1.0, None)


@pytest.mark.parametrize("criterion", [TAU, ACCURACY, replace(REGRET, promote=1)])
def test_two_hypotheses_are_undecided_however_well_they_agree(criterion: Criterion) -> None:
    reference, _ = three(11, 2, noise=0.1)
    assert decide(reference, {"same": reference}, criterion=criterion)["same"].decision == "Undecided"


def test_a_proxy_whose_first_are_all_hypotheses_holds_the_best() -> None:
    reference, proxies = three(12, 2)
    found = decide(reference, proxies, criterion=REGRET)["far"]
    assert (found.decision, found.needed_message) == ("Trusted", "")
    assert "are all hypotheses" in found.reason


def test_a_reference_that_separates_no_pair_has_no_decision_accuracy() -> None:
    noise = np.random.default_rng(13).standard_normal((4, 5))
    table = scores(1e-3 * np.arange(4.0)[:, None] + noise - noise.mean(axis=1, keepdims=True))
    found = decide(table, {"same": table}, criterion=ACCURACY)["same"]
    assert found.decision == "Undecided"
    assert "separates no pair" in found.reason


def test_how_much_of_a_disagreement_is_noise_is_said() -> None:
    generator = np.random.default_rng(14)
    noisy = decide(*_as_proxy(simulated_arms(generator, 60, true_tau=1.0, noise=1.0, seeds=5)))["a"]
    clean = decide(*_as_proxy(simulated_arms(generator, 60, true_tau=0.6, noise=0.02, seeds=5)))["a"]
    assert noisy.noise_share is not None
    assert clean.noise_share is not None
    assert noisy.noise_share > 0.7 > 0.2 > clean.noise_share


def _as_proxy(arms: tuple[Scores, Scores]) -> tuple[Scores, dict[str, Scores]]:
    return arms[0], {"a": arms[1]}


def test_seeds_that_would_do_are_named_where_noise_is_what_lacks() -> None:
    messages = []
    for seed in (0, 4):
        arms = simulated_arms(np.random.default_rng(seed), 50, true_tau=0.95, noise=0.5, seeds=5)
        found = decide(*_as_proxy(arms), reached=2)["a"]
        if found.needed_seeds is not None:
            assert found.needed_seeds > 3
            assert f"{found.needed_seeds} seeds of these" in found.needed_message
            messages.append(found.needed_message)
    assert messages


def test_going_on_is_worth_while_near_the_threshold_and_not_far_from_any_decision() -> None:
    generator = np.random.default_rng(15)
    open_ones = [
        decide(*_as_proxy(simulated_arms(generator, 40, true_tau=0.9, noise=0.8, seeds=5)), reached=1)["a"].may_change
        for _ in range(15)
    ]
    assert sum(open_ones) > 7
    hopeless = [
        decide(*_as_proxy(simulated_arms(generator, 4, true_tau=0.9, noise=0.2, seeds=5)), reached=1)["a"].may_change
        for _ in range(15)
    ]
    assert sum(hopeless) < 4
    last = decide(*_as_proxy(simulated_arms(generator, 40, true_tau=0.9, noise=0.8, seeds=5)))["a"]
    assert not last.may_change


def test_no_proxy_of_three_is_trusted_falsely_more_often_than_stated_over_all_looks() -> None:
    generator, r = np.random.default_rng(16), np.sin(np.pi / 2 * 0.8)
    false, studies = 0, tries(30, quick=10)
    for _ in range(studies):
        signal = generator.standard_normal(12)
        true = [signal, *(r * signal + np.sqrt(1 - r * r) * generator.standard_normal(12) for _ in range(3))]
        reference, *proxies = (scores(each[:, None] + 0.4 * generator.standard_normal((12, 5))) for each in true)
        found = decide(reference, dict(zip("abc", proxies, strict=True)), draws=199)
        false += any(certificate.decision == "Trusted" for certificate in found.values())
    assert false <= stats.binom.ppf(0.999, studies, 0.05)


@pytest.mark.parametrize(
    ("looks", "reached", "want"),
    [((), 1, "looks"), ((3, 3), 1, "looks"), ((2, 3), 3, "reached: 3"), ((2, 9), 2, "9 seeds reached")],
)
def test_looks_that_make_no_sense_are_refused(looks: tuple[int, ...], reached: int, want: str) -> None:
    reference, proxies = three(17, 4)
    with pytest.raises(ValueError, match=want):
        certify(reference, proxies, TAU, looks, reached, generator=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({"statistic": "Spearman"}, "KendallTau, DecisionAccuracy, WinnerRegret"),
        ({"statistic": "DecisionAccuracy", "threshold": 0.5}, "between 0.5 and 1"),
        ({"smallest_effect": -1.0}, "smallest_effect"),
        ({"promote": 0}, "promote"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_a_criterion_out_of_range_is_refused(fields: dict[str, object], want: str) -> None:
    with pytest.raises(ValueError, match=want):
        replace(TAU, **fields)  # type: ignore[arg-type]
