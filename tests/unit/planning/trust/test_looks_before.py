from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from assay.api.resources import REFERENCE, Goal, RankedBy, ReadAt
from assay.planning.actions import RecordLook
from assay.planning.judgement import judge
from assay.planning.plan import plan
from assay.planning.records.look_records import (
    MOST_MEMBERS,
    MOST_SEEN_TOGETHER,
    LookRecord,
    LookTaken,
    WaveSeen,
    look_record_name,
    looks_before,
)
from assay.planning.records.records import WorkRecord
from assay.planning.study.history import History
from assay.planning.study.study import Study
from assay.planning.trust.looks_before import arm_looks, groups_of, other_tests
from assay.planning.trust.removed_hypotheses import keys_of_removed, removed_of, with_removed
from assay.store.limits import StoreLimits
from assay_trainer.contract import CurvePoint, TrialResult, trial_key
from builders import manifests
from builders.looks import a_look, seen, stranger
from builders.score_tables import scores
from builders.studies import a_result, a_study, records_of_scores, redefined

STUDY = a_study(hypotheses=12, proxies=(manifests.a_proxy(), manifests.a_proxy("small", image_size=14)), seeds=3)
NAMES = [each.name for each in STUDY.hypotheses]


def knowing(*records: LookRecord, study: Study = STUDY) -> Study:
    return replace(study, history=History(looks=looks_before(records)))


def members(study: Study, names: list[str]) -> frozenset[str]:
    return frozenset(study.design.members["short"][name] for name in names)


def test_looks_that_were_planned_together_are_one_wave_and_each_later_one_is_another() -> None:
    study = knowing(
        a_look(STUDY, "short", names=NAMES[:8], planned=(3, 5, 7), taken=1),
        a_look(STUDY, "short", names=NAMES[:8], planned=(3, 5, 7), taken=2, number=2),
        a_look(STUDY, "short", names=NAMES[:10], planned=(5,), number=3),
        a_look(STUDY, "short", planned=(5,), number=4),
    )
    waves = arm_looks(study, "short").backlog.waves
    assert [(each.hypotheses, each.planned, each.taken) for each in waves] == [
        (8, (3, 5, 7), 2),
        (10, (5,), 1),
        (12, (5,), 1),
    ]
    assert not arm_looks(study, "small").looks


@pytest.mark.parametrize(
    ("hypotheses", "planned", "may_change", "want"),
    [
        (12, (3, 5, 7), False, None),
        (13, (3, 5, 7), False, None),
        (14, (3, 5, 7), False, 5),
        (14, (3,), False, 3),
        (14, (7, 9), False, 7),
        (12, (3, 5, 7), True, 7),
        (13, (3, 5, 7), True, 7),
        (11, (3, 5, 7), True, None),
        (12, (3, 6, 12), False, 12),
    ],
    ids=[
        "nothing new",
        "too few more",
        "enough more",
        "fewer seeds than the last look had",
        "more seeds at first",
        "more seeds may decide",
        "more seeds of some more",
        "some are lost",
        "a raised maximum",
    ],
)
def test_the_next_look_is_due_once_there_is_enough_that_is_new(
    hypotheses: int, planned: tuple[int, ...], may_change: bool, want: int | None
) -> None:
    first = a_look(STUDY, "short", planned=(3, 5, 7), taken=2, may_change=may_change)
    assert arm_looks(knowing(first), "short").next_seeds(hypotheses, planned) == want


def test_the_first_wave_goes_on_while_hypotheses_and_seeds_are_the_same() -> None:
    looks = arm_looks(knowing(a_look(STUDY, "short", names=NAMES[:8], planned=(3, 5))), "short")
    assert looks.goes_on(members(STUDY, NAMES[:8]), (3, 5))
    assert not looks.goes_on(members(STUDY, NAMES[:9]), (3, 5))
    assert not looks.goes_on(members(STUDY, NAMES[:8]), (3, 6))


def test_proxies_that_are_looked_at_later_are_another_group_with_less_of_the_error() -> None:
    assert groups_of(STUDY, ["short", "small"]) == {"short": 1, "small": 1}
    study = knowing(a_look(STUDY, "short"))
    assert groups_of(study, ["short", "small"]) == {"short": 1, "small": 2}
    assert other_tests(study, ["small"], 2).share == 1 / 4
    trusted = knowing(a_look(STUDY, "short", decision="Trusted"), a_look(STUDY, "small"))
    others = other_tests(trusted, ["small"], 1)
    assert (others.not_trusted, others.not_refused, others.share) == (0, 1, 1)


def test_another_threshold_is_another_question_of_the_same_proxy() -> None:
    spec = STUDY.spec.model_copy(update={"trust": STUDY.spec.trust.model_copy(update={"threshold": "0.7"})})
    edited = a_study(hypotheses=12, proxies=STUDY.spec.proxies, seeds=3)
    resource = edited.resource.model_copy(update={"spec": spec})
    edited = replace(edited, definition=replace(edited.definition, resource=resource))
    edited = replace(edited, history=knowing(a_look(STUDY, "short", decision="Trusted")).history)
    assert arm_looks(edited, "short").decided is None
    assert groups_of(edited, ["short"]) == {"short": 2}


def test_the_scores_of_who_was_removed_are_looked_up_by_what_it_ran() -> None:
    gone = stranger("gone")
    study = knowing(seen(STUDY, "short", gone))
    want = {trial_key(each, seed) for each in (gone.reference, gone.arm) for seed in range(3)}
    assert keys_of_removed(study, study.history.looks) == want
    trial = STUDY.design.trials[0]
    results: dict[str, TrialResult] = {
        key: a_result(STUDY, trial._replace(key=key), 0.5 + at / 10) for at, key in enumerate(sorted(want)[:6])
    }
    study = replace(study, history=replace(study.history, looks=replace(study.history.looks, results=results)))
    found = removed_of(study, "short")
    assert list(found.hypotheses) == [gone.member]
    assert not np.isnan(found.reference).any()
    results.pop(trial_key(gone.arm, 1))
    assert np.isnan(removed_of(study, "short").reference[0]).tolist() == [False, True, False]
    assert not removed_of(study, "small").hypotheses


def test_who_was_removed_is_read_from_the_curve_that_its_reference_has() -> None:
    """By keys alone: what is written down when it is seen has to lead to the same scores later."""
    proxies = (
        manifests.a_proxy("early", read_at=ReadAt(epochs=(2,))),
        manifests.a_proxy("loss", metric=RankedBy(name="loss", goal=Goal.MINIMIZE)),
    )
    study = a_study(hypotheses=12, proxies=proxies, seeds=3)
    records = {
        trial.key: WorkRecord(
            a_result(
                study, trial, at / 36, curve=(CurvePoint(epoch=2, seconds=1, metrics={"accuracy": at / 99}),)
            ).model_copy(update={"metrics": {"accuracy": at / 36, "loss": 1 - at / 36}})
        )
        for at, trial in enumerate(each for each in study.design.trials if each.arm == REFERENCE)
    }
    written = [action.record for action in plan(study, records, 1.0).actions if isinstance(action, RecordLook)]
    rest = redefined(study, hypotheses=study.hypotheses[:-1])
    looks = looks_before(written)
    results = {key: each.result for key, each in records.items() if isinstance(each.result, TrialResult)}
    assert keys_of_removed(rest, looks) & results.keys()
    rest = replace(rest, history=History(looks=replace(looks, results=results)))
    last = study.hypotheses[-1].name
    tables = judge(study, records).tables
    for arm in ("early", "loss"):
        gone = removed_of(rest, arm)
        assert [each.name for each in gone.hypotheses.values()] == [last]
        for found, table in ((gone.proxy, tables[arm]), (gone.reference, tables[REFERENCE])):
            assert found[0].tolist() == pytest.approx(table.scores.values[table.scores.row(last)].tolist())


def test_missing_scores_of_who_was_removed_are_filled_in_with_the_noise_of_others() -> None:
    generator = np.random.default_rng(0)
    tables = [scores(np.arange(6.0)[:, None] + 0.1 * generator.standard_normal((6, 3))) for _ in range(2)]
    gone = stranger("gone")
    study = knowing(seen(STUDY, "short", gone))
    trial = STUDY.design.trials[0]
    results = {
        trial_key(each, seed): a_result(STUDY, trial._replace(key=trial_key(each, seed)), 2.5)
        for each in (gone.reference, gone.arm)
        for seed in (0, 2)
    }
    looks = replace(study.history.looks, results=results)
    removed = removed_of(replace(study, history=History(looks=looks)), "short")
    reference, (proxy,) = with_removed(tables[0], [tables[1]], [removed])
    for table in (reference, proxy):
        assert table.values.shape == (7, 3)
        assert not np.isnan(table.values).any()
        assert table.values[6, [0, 2]].tolist() == [2.5, 2.5]
        assert 2.0 < table.values[6, 1] < 3.0
        assert table.values[6, 1] != 2.5


def test_a_decision_that_was_written_down_is_said_before_a_trial_has_run() -> None:
    study = knowing(a_look(STUDY, "short", decision="Trusted"))
    (arm,) = [each for each in plan(study, {}, 0.0).status.arms if each.name == "short"]
    assert arm.decision == "Trusted"
    assert "small" not in judge(study, {}).trust.certificates


def test_a_look_is_recorded_once_with_everybody_it_was_at() -> None:
    table = {
        (name, arm, seed): float(at) + 0.01 * ((at * 7 + seed * 3 + len(arm)) % 5)
        for at, name in enumerate(NAMES)
        for arm in STUDY.design.arms
        for seed in range(3)
    }
    records = records_of_scores(STUDY, table)
    written = [action.record for action in plan(STUDY, records, 5.0).actions if isinstance(action, RecordLook)]
    looks = [each for each in written if isinstance(each, LookTaken)]
    assert {each.arm_name for each in looks} == {"short", "small"}
    assert all(len(each.hypotheses) == 12 and each.group == 1 for each in looks)
    again = [each for each in plan(knowing(*written), records, 6.0).actions if isinstance(each, RecordLook)]
    assert not again
    assert len({look_record_name(each) for each in written}) == len(written) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"planned": (5, 3)},
        {"planned": ()},
        {"correlations": (0.0, 1.0)},
        {"correlations": (0.0,)},
        {"taken": 3},
        {"size": float("nan")},
        {"size": 5e-324},
    ],
    ids=str,
)
def test_a_wave_that_can_not_be_is_none(change: dict[str, object]) -> None:
    good = {"hypotheses": 12, "planned": (3, 5), "correlations": (0.0, 0.9), "size": 12.0, "taken": 1}
    WaveSeen.model_validate(good)
    with pytest.raises(ValidationError):
        WaveSeen.model_validate({**good, **change})


def test_the_records_of_many_hypotheses_with_long_names_stay_within_their_limit() -> None:
    long = stranger("n" * 253).model_copy(update={"label": "l" * 317, "value": "v" * 63})
    record = seen(a_study(hypotheses=1, proxies=STUDY.spec.proxies), "short", *(long,) * (MOST_SEEN_TOGETHER - 1))
    assert len(record.model_dump_json()) < StoreLimits().record
    look = a_look(STUDY, "short").model_copy(update={"hypotheses": ("0" * 16,) * MOST_MEMBERS})
    assert len(look.model_dump_json()) < StoreLimits().record
