from __future__ import annotations

import pytest

from assay.api.resources import Goal, ProxyArm, RankedBy, ReadAt
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.requests import trial_request
from assay.planning.study.study import Study
from assay_trainer.contract import request_condition, trial_key
from builders.manifests import a_proxy
from builders.studies import a_study

LOSS = RankedBy(name="loss", goal=Goal.MINIMIZE)
EARLY = a_proxy("early", read_at=ReadAt(epochs=(2, 5)))
QUARTER = a_proxy("quarter", data_percent=25, read_at=ReadAt(epochs=(2, 5)))
WHOLE = a_proxy("whole", data_percent=25)
NARROW = a_proxy("narrow", recipe={"width": 8}, read_at=ReadAt(epochs=(2,)))
SHORT, SHORT_LOSS = a_proxy("short", epochs=5), a_proxy("short-loss", epochs=5, metric=LOSS)


def runs(study: Study) -> set[tuple[str, int | None]]:
    """The arms that run while hypotheses are calibrated, and after which epoch their trials end."""
    work = [each for each in study.design.work if each.key in study.design.initial_keys]
    fidelities = study.design.fidelities
    return {(each.arm, fidelities[each.arm].stop_after) for each in work if isinstance(each, PlannedTrial)}


@pytest.mark.parametrize(
    ("proxies", "want_runs", "want_free"),
    [
        ([EARLY], {("reference", None)}, {"early-2", "early-5"}),
        ([a_proxy("loss", metric=LOSS)], {("reference", None)}, {"loss"}),
        ([SHORT_LOSS, SHORT], {("reference", None), ("short", None)}, {"short-loss"}),
        ([SHORT_LOSS], {("reference", None), ("short-loss", None)}, set()),
        ([QUARTER], {("reference", None), ("quarter-5", 5)}, {"quarter-2"}),
        ([QUARTER, WHOLE], {("reference", None), ("whole", None)}, {"quarter-2", "quarter-5"}),
        ([NARROW], {("reference", None), ("narrow", 2)}, set()),
    ],
)
def test_only_arms_of_which_no_other_has_the_scores_run(
    proxies: list[ProxyArm], want_runs: set[tuple[str, int | None]], want_free: set[str]
) -> None:
    study = a_study(proxies=proxies)
    assert runs(study) == want_runs
    assert study.design.free == want_free


def test_adding_free_arms_changes_no_key_and_adds_no_trial() -> None:
    before, after = a_study(proxies=[SHORT]).design, a_study(proxies=[SHORT, EARLY, SHORT_LOSS]).design
    assert before.initial_keys <= after.initial_keys
    assert {each.key for each in after.work if each.key in after.initial_keys} == {each.key for each in before.work}
    assert before.ground.items() <= after.ground.items()


def test_a_shortened_trial_has_a_key_of_its_own_and_longer_ones_serve_it() -> None:
    design = a_study(proxies=[EARLY, SHORT]).design
    of_first = {trial.arm: trial for trial in design.trials if trial.hypothesis == "h001" and trial.seed == 0}
    reading = design.readings[of_first["early-2"].key]
    own, longer, whole = reading.sources
    assert own == reading.run.key == trial_key(design.conditions["h001", "early-2"].digest, 0)
    assert longer == trial_key(design.conditions["h001", "early-5"].digest, 0)
    assert whole == of_first["reference"].key
    assert len({own, longer, whole, of_first["short"].key, of_first["early-2"].key}) == 5


def test_a_request_says_what_is_wanted_of_its_curve_outside_its_key() -> None:
    plain = a_study(proxies=[SHORT])
    study = a_study(proxies=[SHORT, EARLY, a_proxy("early-loss", read_at=ReadAt(epochs=(5,)), metric=LOSS)])

    def requested(study: Study, arm: str):  # type: ignore[no-untyped-def]
        trial = next(each for each in study.design.trials if each.arm == arm)
        return trial_request(study, study.design.run_of(trial), 1)

    reference, early, late = (requested(study, arm) for arm in ("reference", "early-2", "early-5"))
    assert (reference.wanted_epochs, reference.wanted_metrics) == ((2, 5), ("loss",))
    assert (early.wanted_epochs, early.wanted_metrics, early.fidelity.stop_after) == ((2,), (), 2)
    assert (late.wanted_epochs, late.wanted_metrics) == ((2, 5), ("loss",))
    assert reference.key == requested(plain, "reference").key
    assert requested(study, "short").wanted_epochs == ()
    for request in (reference, early, late):
        assert request.key == trial_key(request_condition(request), request.seed)
    by_loss = requested(study, "early-loss")
    assert (by_loss.key, by_loss.metric, by_loss.wanted_metrics) == (late.key, "accuracy", ("loss",))
