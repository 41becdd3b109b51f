from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.api.bounds import STATUS_BYTES, bounded_status, json_bytes, shortened
from assay.api.decimals import decimal_string, decimal_value
from assay.api.resources import (
    AgreementStatus,
    ArmCost,
    ArmStatus,
    CertificateStatus,
    Condition,
    Lever,
    LeverKind,
    ProxyStudyStatus,
    RankedHypothesis,
    TrialCounts,
    Trust,
    TrustDecision,
    TrustStatistic,
    Verdict,
)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_a_decimal_string_of_a_status(value: float) -> None:
    text = decimal_string(value)
    assert ArmStatus(name="a", noise_ceiling=text).noise_ceiling == text
    shown = max(-1e25, min(value, 1e25))
    assert math.isclose(decimal_value(text), shown, rel_tol=1e-5, abs_tol=1e-20)


@pytest.mark.parametrize(
    ("value", "want"), [(0.8, "0.8"), (1e-7, "0.0000001"), (-0.0, "0"), (1234567.0, "1234570"), (100, "100")]
)
def test_a_decimal_string_has_no_exponent_and_no_trailing_zeros(value: float, want: str) -> None:
    assert decimal_string(value) == want


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_no_decimal_string(value: float) -> None:
    with pytest.raises(ValueError, match="no number that a status can hold"):
        decimal_string(value)


def test_text_is_shortened_to_one_line_with_an_ellipsis() -> None:
    assert shortened("a\n b", 3) == "a b"
    assert shortened("abcdef", 4) == "abc…"


def test_a_status_is_bounded_even_if_every_text_is_as_long_as_may_be() -> None:
    number, name, counts = "0.123456", "n" * 60, TrialCounts(planned=10**6, succeeded=10**6, pending=10**6)
    agreement = AgreementStatus(
        hypotheses=1000, seeds=10, kendall_tau=number, low=number, high=number, weighted_tau=number,
        spearman_rho=number, decision_accuracy=number, separable_decision_accuracy=number, separable_pairs=10**6,
        top_k=10, top_k_overlap=number, winner_regret=number,
    )  # fmt: skip
    certificate = CertificateStatus(
        statistic=TrustStatistic.DECISION_ACCURACY, value=number, low=number, high=number, corrected=number,
        hypotheses=1000, seeds=10, look=4, looks=4, noise_share_percent=100, needed_hypotheses=2000, needed_seeds=100,
        needed_accelerator_seconds="1" * 12, next_hypotheses=10**6,
    )  # fmt: skip
    cost = ArmCost(
        trial_accelerator_seconds=number, relative_percent=10, free=True, saved_accelerator_seconds=number,
        device_model="m" * 128,
    )  # fmt: skip
    arms = [
        ArmStatus(
            name=f"{name}{index}", trials=counts, agreement=agreement, noise_ceiling=number, cost=cost,
            saving_percent=50, break_even_hypotheses=100, break_even_low=10, break_even_high=1000,
            certificate=certificate, decision=TrustDecision.UNDECIDED, reason="r" * 63,
            message="m" * 512,
        )
        for index in range(17)
    ]  # fmt: skip
    ranking = [
        RankedHypothesis(
            name=f"{name}{index}", rank=index + 1, rank_low=1, rank_high=1000, score=number, low=number, high=number,
            difference=number, difference_low=number, difference_high=number, verdict=Verdict.INCONCLUSIVE,
            relative_cost_percent=100, seeds=10, may_be_best=False, arm=f"{name}1", message="m" * 160,
        )
        for index in range(50)
    ]  # fmt: skip
    time = "2026-01-31T12:00:00Z"
    conditions = [
        Condition(type=f"T{index}", status="True", reason="r" * 60, message="m" * 512, last_transition_time=time)
        for index in range(6)
    ]
    levers = [Lever(name=f"{name}{index}", kind=LeverKind.PROXY, speedup="2", risk="r" * 160) for index in range(12)]
    status = ProxyStudyStatus(
        conditions=tuple(conditions), trials=counts, arms=tuple(arms), ranking=tuple(ranking), levers=tuple(levers)
    )
    assert json_bytes(status) > STATUS_BYTES
    shown = bounded_status(status)
    assert json_bytes(shown) <= STATUS_BYTES
    assert shown.ranking == status.ranking[: len(shown.ranking)]
    assert len(shown.ranking) >= 5
    assert all(len(arm.message or "") <= 160 for arm in shown.arms)
    small = status.model_copy(update={"arms": status.arms[:5], "ranking": status.ranking[:20]})
    assert bounded_status(small) is small


def test_a_status_survives_json_and_leaves_out_what_is_unknown() -> None:
    status = ProxyStudyStatus(arms=(ArmStatus(name="short", decision=TrustDecision.PENDING),))
    assert "report" not in status.to_dict()
    assert status.to_dict()["arms"][0]["decision"] == "Pending"
    assert ProxyStudyStatus.model_validate(status.to_dict()) == status


def test_a_threshold_must_be_a_decimal_string() -> None:
    assert decimal_value(Trust().threshold) == 0.8
    with pytest.raises(ValueError, match="string"):
        Trust.model_validate({"threshold": 0.8})
