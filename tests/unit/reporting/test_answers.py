from __future__ import annotations

import pytest

from assay.api.resources import (
    REFERENCE,
    AgreementStatus,
    ArmStatus,
    CertificateStatus,
    CostLedger,
    GeneraliseTo,
    ProxyStudyStatus,
    TrustDecision,
    TrustStatistic,
    Verdict,
    Verdicts,
)
from assay.planning.plan import plan
from assay.planning.study.planned import PlannedTrial
from assay.reporting.advice import to_decide
from assay.reporting.answers import cost_answer, verdict_answer
from assay.reporting.trust_answer import most_promising, trust_answer
from builders.screenings import SHORT
from builders.studies import a_study, records_of_scores


def number(trial: PlannedTrial) -> int:
    return int(trial.hypothesis.removeprefix("h") if trial.hypothesis != "baseline" else 0)


def test_a_baseline_that_is_too_far_down_to_be_shown_has_not_failed() -> None:
    study = a_study(hypotheses=60)
    records = records_of_scores(study, lambda trial: number(trial) + 0.001 * (number(trial) * (trial.seed + 1) % 7))
    status = plan(study, records, 0.0).status
    assert all(row.name != "baseline" for row in status.ranking)
    assert verdict_answer(study, status).startswith("Better than the baseline: h059")


def test_a_baseline_without_a_score_has_failed_whether_it_is_shown_or_not() -> None:
    for hypotheses in (5, 60):
        study = a_study(hypotheses=hypotheses)
        records = records_of_scores(study, lambda trial: number(trial) or None)
        failed = records_of_scores(study, lambda trial: 1.0)
        for trial in study.design.trials:
            if trial.hypothesis == "baseline":
                result = failed[trial.key].result
                assert result is not None
                broken = result.model_copy(update={"metrics": {"loss": 1.0}, "metric": "loss"})
                records = {**records, trial.key: type(failed[trial.key])(result=broken)}
        assert "has no score" in verdict_answer(study, plan(study, records, 0.0).status)


def test_hypotheses_of_which_one_is_better_are_told_apart_whatever_places_they_may_have() -> None:
    study = a_study(hypotheses=4)
    status = plan(study, records_of_scores(study, lambda trial: 0.9 + 0.01 * trial.seed), 0.0).status
    for verdict, want in ((Verdict.BETTER, False), (Verdict.WORSE, False), (Verdict.INCONCLUSIVE, True)):
        anywhere = {"rank_low": 1, "rank_high": 4, "may_be_best": True}
        rows = [
            row.model_copy(update={**anywhere, "verdict": verdict if row.name == "h001" else row.verdict})
            for row in status.ranking
        ]
        text = verdict_answer(study, status.model_copy(update={"ranking": tuple(rows)}))
        assert ("can't be told apart" in text) is want, verdict


def test_where_nothing_is_known_for_fresh_examples_the_answer_says_why() -> None:
    study = a_study(verdicts=Verdicts(generalise_to=GeneraliseTo.FRESH_EXAMPLES))
    status = plan(study, records_of_scores(study, lambda trial: number(trial) + 0.01 * trial.seed), 0.0).status
    blank = {"difference_low": None, "difference_high": None, "verdict": Verdict.INCONCLUSIVE, "message": "Not said."}
    rows = tuple(row.model_copy(update={} if row.name == "baseline" else blank) for row in status.ranking)
    text = verdict_answer(study, status.model_copy(update={"ranking": rows}))
    assert "No hypothesis is compared with the baseline for fresh examples. Not said." in text


def test_verdicts_that_are_about_fresh_examples_are_said_to_be() -> None:
    for asked, want in ((GeneraliseTo.FRESH_EXAMPLES, ", for fresh examples, too."), (GeneraliseTo.HELD_OUT, ".")):
        study = a_study(verdicts=Verdicts(generalise_to=asked))
        status = plan(study, records_of_scores(study, lambda trial: number(trial) + 0.01 * trial.seed), 0.0).status
        assert verdict_answer(study, status).endswith(f"% confidence{want}")


def test_the_costs_of_a_screening_say_what_they_were_for_and_what_was_saved() -> None:
    cost = CostLedger(
        accelerator_seconds="100",
        reference_accelerator_seconds="70",
        proxies_accelerator_seconds="30",
        calibration_accelerator_seconds="40",
        screening_accelerator_seconds="25",
        confirmation_accelerator_seconds="20",
        audits_accelerator_seconds="15",
        saved_accelerator_seconds="250",
    )
    text = cost_answer(ProxyStudyStatus(cost=cost))
    assert "calibration 40.0, screening 25.0, confirmation 20.0, audits 15.0" in text
    assert "250 less than all hypotheses at the reference would have cost" in text
    dear = cost.model_copy(update={"saved_accelerator_seconds": "-5"})
    assert "5.00 more than all hypotheses" in cost_answer(ProxyStudyStatus(cost=dear))
    plain = CostLedger(accelerator_seconds="100", reference_accelerator_seconds="100")
    assert cost_answer(ProxyStudyStatus(cost=plain)) == "Spent: 100 accelerator seconds (the reference 100)."
    resumed = plain.model_copy(update={"resumed_accelerator_seconds": "30"})
    assert cost_answer(ProxyStudyStatus(cost=resumed)).endswith(" Not done again, thanks to checkpoints: 30.0.")


def test_when_a_proxy_has_paid_is_said_with_how_sure_that_is() -> None:
    study = a_study(hypotheses=30, proxies=[SHORT], seeds=3)
    factor = {each.name: 1 + 0.2 * (index % 5) for index, each in enumerate(study.hypotheses)}
    records = records_of_scores(
        study,
        lambda trial: number(trial) + 0.001 * trial.seed,
        seconds=lambda trial: (10.0 if trial.arm == REFERENCE else 2.0) * factor[trial.hypothesis],
    )
    status = plan(study, records, 0.0).status
    arm: ArmStatus = status.arms[1]
    assert (arm.break_even_low, arm.break_even_hypotheses, arm.break_even_high) == (7, 8, 9)
    assert "is back after 8 further hypotheses (7 to 9)." in trust_answer(study, status)


def an_undecided(name: str, tau: str, *, hypotheses: int | None, saving: int, seconds: str | None = None) -> ArmStatus:
    certificate = CertificateStatus(
        statistic=TrustStatistic.KENDALL_TAU, value=tau, low="-0.1", high="1", hypotheses=8, seeds=3, look=1, looks=1,
        needed_hypotheses=hypotheses, needed_accelerator_seconds=seconds,
    )  # fmt: skip
    return ArmStatus(
        name=name,
        decision=TrustDecision.UNDECIDED,
        agreement=AgreementStatus(hypotheses=8, seeds=3, kendall_tau=tau),
        certificate=certificate,
        saving_percent=saving,
        message="Not known.",
    )


@pytest.mark.parametrize(
    ("arms", "want", "want_called"),
    [
        (
            [
                an_undecided("poor", "0.4", hypotheses=45, saving=80),
                an_undecided("good", "1", hypotheses=50, saving=50),
            ],
            "good",
            "closest",
        ),
        (
            [
                an_undecided("late", "0.95", hypotheses=77, saving=23, seconds="900"),
                an_undecided("early", "0.9", hypotheses=79, saving=97, seconds="500"),
            ],
            "early",
            "cheapest to decide on",
        ),
        (
            [
                an_undecided("poor", "0.2", hypotheses=None, saving=80),
                an_undecided("less", "0.1", hypotheses=20, saving=5),
            ],
            "poor",
            "closest",
        ),
    ],
)
def test_answer_and_advice_speak_of_the_same_proxy(arms: list[ArmStatus], want: str, want_called: str) -> None:
    study = a_study(hypotheses=8, proxies=[SHORT], threshold="0.6")
    assert most_promising(study, arms).name == want
    status = ProxyStudyStatus(arms=(ArmStatus(name=REFERENCE), *arms))
    assert f"The {want_called} is {want}:" in trust_answer(study, status)
    needed = next(each.certificate.needed_hypotheses for each in arms if each.name == want and each.certificate)
    advised = to_decide(study, arms)
    assert advised.startswith(f"To decide on {want} it takes about {needed}") if needed else "what could be" in advised
