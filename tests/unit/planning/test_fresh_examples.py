"""Studies whose verdicts are about fresh examples."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from assay.api.resources import GeneraliseTo, ProxyStudyStatus, Question, Verdict, Verdicts
from assay.planning.actions import Start
from assay.planning.plan import plan
from assay.planning.records.earlier import NOTHING_EARLIER
from assay.planning.records.records import Records
from assay.planning.records.reported_examples import ReportedExamples
from assay.planning.study.study import Study
from assay.ranking import ExampleErrors
from builders.manifests import a_hypothesis
from builders.studies import a_study, records_of_scores

NAMES = ("baseline", "better", "close", "worse")
DIFFERENCES = {"baseline": 0.0, "better": 0.05, "close": 0.004, "worse": -0.1}
NOW = 1_000_000.0


def study_of(generalise_to: GeneraliseTo = GeneraliseTo.FRESH_EXAMPLES) -> Study:
    return a_study(
        hypotheses=[a_hypothesis(name, recipe={"x": name}) for name in NAMES],
        seeds=3,
        maximum=6,
        question=Question.BEAT_BASELINE,
        smallest_effect="0.002",
        verdicts=Verdicts(generalise_to=generalise_to),
    )


def records_of(study: Study, seeds: int = 3) -> Records:
    scores = {
        (name, "reference", seed): 0.8 + DIFFERENCES[name] + random.Random(f"{name}{seed}").gauss(0, 0.004)
        for name in NAMES
        for seed in range(seeds)
    }
    return records_of_scores(study, scores)


def examples(variance: float, missing: dict[str, str] | None = None) -> ReportedExamples:
    errors = {name: (variance,) * 6 for name in NAMES[1:] if name not in (missing or {})}
    return ReportedExamples(ExampleErrors(errors), missing or {})


def status_of(study: Study, reported: ReportedExamples) -> ProxyStudyStatus:
    return plan(study.knowing(NOTHING_EARLIER, reported), records_of(study), NOW).status


def rows(status: ProxyStudyStatus) -> dict[str, tuple[Verdict | None, str | None]]:
    return {row.name: (row.verdict, row.message) for row in status.ranking if row.name != "baseline"}


def test_verdicts_are_about_the_held_out_examples_unless_it_is_asked() -> None:
    study = study_of(GeneraliseTo.HELD_OUT)
    with_values = rows(status_of(study, examples(1.0, {"close": "so"})))
    assert with_values == rows(plan(study, records_of(study), NOW).status)
    assert with_values["better"] == (Verdict.BETTER, None)


def test_where_examples_differ_much_there_is_no_verdict_and_no_more_seeds_are_bought() -> None:
    study = study_of()
    knowing = study.knowing(NOTHING_EARLIER, examples(0.03**2))
    decided = plan(knowing, records_of(study), NOW)
    found = rows(decided.status)
    more = (Verdict.INCONCLUSIVE, "More seeds would hardly decide it; more held-out examples may.")
    assert found == {"better": more, "close": more, "worse": (Verdict.WORSE, None)}
    assert not [action for action in decided.actions if isinstance(action, Start)]
    assert decided.finished


def test_where_they_differ_little_verdicts_stand() -> None:
    found = rows(status_of(study_of(), examples(0.003**2)))
    assert found["better"] == (Verdict.BETTER, None)
    assert found["worse"] == (Verdict.WORSE, None)


@pytest.mark.parametrize("missing", ["its function does not report them", "x" * 500])
def test_what_is_not_known_is_said_and_the_others_have_their_verdicts(missing: str) -> None:
    found = rows(status_of(study_of(), examples(1e-6, {"better": missing})))
    verdict, message = found["better"]
    assert verdict is Verdict.INCONCLUSIVE
    assert message is not None
    assert message.startswith(f"Nothing is known for fresh examples: {missing}"[:150])
    assert len(message) <= 160
    assert found["worse"] == (Verdict.WORSE, None)


def test_where_nobody_reported_anything_nothing_is_bought_and_nothing_said_of_the_baseline() -> None:
    study = study_of()
    nobody = ReportedExamples(missing=dict.fromkeys(NAMES[1:], "of the baseline: nothing"))
    decided = plan(study.knowing(NOTHING_EARLIER, nobody), records_of(study), NOW)
    assert {verdict for verdict, _ in rows(decided.status).values()} == {Verdict.INCONCLUSIVE}
    assert decided.finished


def test_a_late_result_changes_no_verdict_that_was_reached() -> None:
    study = study_of()
    of_seeds = tuple(0.003**2 * factor for factor in (1, 1, 1, 0.1, 5, 9))
    known = ReportedExamples(ExampleErrors(dict.fromkeys(NAMES[1:], of_seeds)))
    early = ReportedExamples(ExampleErrors(dict.fromkeys(NAMES[1:], of_seeds[:3])))
    first = rows(status_of(study, early))
    later = plan(study.knowing(NOTHING_EARLIER, known), records_of(study, 5), NOW).status
    decided = {name for name, (verdict, _) in first.items() if verdict is not Verdict.INCONCLUSIVE}
    assert decided
    assert {name: rows(later)[name] for name in decided} == {name: first[name] for name in decided}


def test_a_study_keeps_its_history_beside_what_was_reported() -> None:
    study = study_of()
    begun = replace(study, history=replace(study.history, begun_at=7.0))
    assert begun.knowing(NOTHING_EARLIER, examples(1.0)).history.begun_at == 7.0
