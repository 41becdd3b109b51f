"""Studies whose backlogs grow and shrink, round by round over a real ledger: what was seen stays seen."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from assay.api.resources import ArmStatus, Seeds, Trust
from assay.planning.records.look_records import LooksBefore
from assay.planning.study.study import Study
from assay.planning.trust.yardstick import yardstick_of
from assay.rounds.reconcile import drive
from assay.runners.replay.runner import ReplayRunner
from assay.store import Ledger
from assay_trainer.objects import MemoryObjects
from builders.studies import redefined
from builders.tables import a_replay, a_table

NAMES = ["baseline", *(f"h{index:02d}" for index in range(1, 40))]
ODD = ("h03", "h07")
ARMS = ("reference", "half", "short")


def score(hypothesis: str, arm: str, seed: int) -> float:
    true = random.Random(hypothesis).gauss(0, 1)
    wrong = arm == "half" or (arm == "short" and hypothesis in ODD)
    return (-true if wrong else true) + random.Random(f"{hypothesis} {arm} {seed}").gauss(0, 0.15)


TABLE = a_table(NAMES, ARMS, 4, score=score)
REPLAYED = a_replay(TABLE, slots=4)


def a_study(
    count: int = 12,
    *,
    without: Sequence[str] = (),
    name: str = "digits",
    proxies: Sequence[str] = ("short",),
    seeds: tuple[int, int] = (2, 2),
    **trust: object,
) -> Study:
    """Return a study on the first hypotheses of the table."""
    whole = REPLAYED.study
    wanted = [each for each in NAMES[:count] if each not in without]
    resource = whole.resource
    spec = resource.spec.model_copy(
        update={
            "proxies": tuple(each for each in resource.spec.proxies if each.name in proxies),
            "trust": Trust.model_validate({"threshold": "0.8", **trust}),
            "seeds": Seeds(initial=seeds[0], maximum=seeds[1]),
        }
    )
    metadata = resource.metadata.model_copy(update={"name": name})
    return redefined(
        whole,
        resource=resource.model_copy(update={"spec": spec, "metadata": metadata}),
        hypotheses=tuple(each for each in whole.hypotheses if each.name in wanted),
    )


def run(objects: MemoryObjects, study: Study) -> dict[str, ArmStatus]:
    """Run a study to its end, as somebody who knows only the store, and return what is said of its proxies."""
    ledger = Ledger(objects)
    with ReplayRunner(TABLE, REPLAYED.arms, objects, 4) as runner:
        status = drive(study, ledger, runner, runner.clock, lambda _: None).plan.status
    return {arm.name: arm for arm in status.arms[1:]}


def looked(objects: MemoryObjects, study: Study) -> LooksBefore:
    return Ledger(objects).looks(yardstick_of(study))


def said(arm: ArmStatus) -> tuple[str | None, int, str | None]:
    """Return the decision, how many hypotheses it rests on, and the interval's lower end."""
    assert arm.certificate is not None
    return arm.decision, arm.certificate.hypotheses, arm.certificate.low


def test_a_look_is_written_down_and_whoever_comes_later_says_the_same() -> None:
    objects = MemoryObjects()
    first = run(objects, a_study())
    (questions,) = looked(objects, a_study()).looks.values()
    ((look,),) = questions.values()
    assert (len(look.hypotheses), look.at_seeds, look.study, look.found.decision) == (12, 2, "digits", "Undecided")
    for study in (a_study(), a_study(name="another")):
        assert run(objects, study)["short"].certificate == first["short"].certificate
    assert looked(objects, a_study()).looks == looked(objects, a_study(name="another")).looks


def test_a_backlog_is_looked_at_again_only_when_it_has_grown_enough_and_then_at_a_lower_level() -> None:
    objects, fresh = MemoryObjects(), MemoryObjects()
    first = run(objects, a_study(12))["short"]
    assert first.certificate is not None
    assert (first.certificate.next_hypotheses, first.decision) == (14, "Undecided")
    assert "It rests on 12; the next look is at 14 hypotheses." in (first.message or "")
    assert said(run(objects, a_study(13))["short"]) == said(first)
    second = run(objects, a_study(14))["short"]
    at_once = run(fresh, a_study(14))["short"]
    assert said(second)[1] == said(at_once)[1] == 14
    assert float(said(second)[2] or 0) < float(said(at_once)[2] or 0)


@pytest.mark.parametrize("name", ["digits", "another"])
def test_who_was_removed_after_its_scores_were_seen_still_counts(name: str) -> None:
    objects, honest = MemoryObjects(), MemoryObjects()
    for store in (objects, honest):
        run(store, a_study(12))
    want = run(honest, a_study(16))["short"]
    assert said(run(objects, a_study(12, without=ODD, name=name))["short"])[1] == 12
    found = run(objects, a_study(16, without=ODD, name=name))["short"]
    assert said(found) == said(want)


def test_nor_does_it_help_to_remove_somebody_before_the_first_look() -> None:
    objects = MemoryObjects()
    study = a_study(12)
    ledger = Ledger(objects)
    with ReplayRunner(TABLE, REPLAYED.arms, objects, 1) as runner:

        class Enough(Exception):
            pass

        def stop(latest: object) -> None:
            seen = ledger.looks(yardstick_of(study)).seen
            if any(each.name in ODD for one in seen.values() for each in one.values()):
                raise Enough

        with pytest.raises(Enough):
            drive(study, ledger, runner, runner.clock, stop)
    assert not looked(objects, study).looks
    gone = [each.name for one in looked(objects, study).seen.values() for each in one.values() if each.name in ODD]
    found = run(objects, a_study(12, without=gone))["short"]
    want = run(MemoryObjects(), a_study(12))["short"]
    assert said(found)[1] == said(want)[1] == 12
    assert said(found)[0] == said(want)[0] != "Trusted"


def test_what_is_decided_stays_decided_whatever_is_added() -> None:
    objects = MemoryObjects()
    honest = a_study(36, without=ODD)
    trusted = run(objects, honest)["short"]
    assert said(trusted)[:2] == ("Trusted", 34)
    again = run(objects, a_study(40))["short"]
    assert said(again) == said(trusted)
    assert run(MemoryObjects(), a_study(12, without=NAMES[4:]))["short"].decision == "Undecided"


def test_every_proxy_that_was_ever_tested_shares_the_error() -> None:
    objects = MemoryObjects()
    run(objects, a_study(12, proxies=("half",)))
    added = run(objects, a_study(12, proxies=("half", "short"), without=ODD))["short"]
    replaced_ = MemoryObjects()
    run(replaced_, a_study(12, proxies=("half",)))
    instead = run(replaced_, a_study(12, proxies=("short",), without=ODD))["short"]
    alone = run(MemoryObjects(), a_study(12, proxies=("short",), without=ODD))["short"]
    assert float(said(added)[2] or 0) == float(said(instead)[2] or 0) < float(said(alone)[2] or 0)


def test_an_expected_number_is_what_was_said_before_the_first_look() -> None:
    objects, other = MemoryObjects(), MemoryObjects()
    run(objects, a_study(12))
    late = run(objects, a_study(20, expectedHypotheses=40))["short"]
    run(other, a_study(12))
    assert said(late) == said(run(other, a_study(20))["short"])
    early = MemoryObjects()
    first = run(early, a_study(12, expectedHypotheses=20))["short"]
    assert first.certificate is not None
    assert first.certificate.next_hypotheses == 14
    assert float(said(run(early, a_study(20, expectedHypotheses=20))["short"])[2] or 0) > float(said(late)[2] or 0)


def test_a_look_at_a_grown_backlog_is_a_wave_of_its_own_with_as_many_seeds_as_before_or_more() -> None:
    objects = MemoryObjects()
    run(objects, a_study(8, seeds=(2, 4), without=ODD))
    grown = run(objects, a_study(14, seeds=(2, 4), without=ODD))["short"]
    (looks,) = [one for each in looked(objects, a_study()).looks.values() for one in each.values()]
    assert [(each.wave.planned, len(each.hypotheses)) for each in looks] == [((2, 3, 4), 6), ((2,), 12), ((3,), 12)]
    assert [each.number for each in looks] == [1, 2, 3]
    assert [each.found.look for each in looks] == [1, 1, 2]
    assert grown.certificate is not None
    assert (grown.certificate.hypotheses, grown.certificate.seeds) == (12, 3)


def test_an_upgrade_with_scores_and_no_records_looks_for_the_first_time() -> None:
    objects = MemoryObjects()
    want = run(objects, a_study(12))
    for name in list(objects._objects):
        if name.startswith("looks/"):
            del objects._objects[name]
    assert not looked(objects, a_study()).looks
    assert run(objects, a_study(12))["short"].certificate == want["short"].certificate
