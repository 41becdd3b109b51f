"""A study that screens, round by round over a real ledger: what is written down outlives whoever wrote it."""

from __future__ import annotations

import random

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import ProxyStudyStatus, Screening, Trust
from assay.planning.records.trust_records import NO_TRUST_RECORDS
from assay.rounds.reconcile import drive
from assay.runners.replay.runner import ReplayRunner
from assay.store import Ledger
from assay_trainer.objects import MemoryObjects
from builders.studies import redefined
from builders.tables import a_replay, a_table

FIRST = ["baseline", *(f"first{index:02d}" for index in range(1, 20))]
USUAL, ODD = ([f"{kind}{index:02d}" for index in range(12)] for kind in ("usual", "odd"))
NAMES = [*FIRST, *USUAL, *ODD]


def score(hypothesis: str, arm: str, seed: int) -> float:
    true = random.Random(hypothesis).gauss(0, 1)
    wrong = arm == "short" and hypothesis in ODD
    return (-true if wrong else true) + random.Random(f"{hypothesis} {arm} {seed}").gauss(0, 0.05)


TABLE = a_table(NAMES, ["reference", "short"], 2, score=score)
REPLAYED = a_replay(TABLE, slots=4, trust=Trust(threshold="0.6"), screening=Screening(promote=2))


def run(objects: MemoryObjects, names: list[str], *, screening: bool = True) -> tuple[ProxyStudyStatus, Ledger]:
    """Run the study with these hypotheses as somebody who knows only the store."""
    study = redefined(
        REPLAYED.study, hypotheses=tuple(each for each in REPLAYED.study.hypotheses if each.name in names)
    )
    if not screening:
        spec = study.spec.model_copy(update={"screening": None})
        study = redefined(study, resource=study.resource.model_copy(update={"spec": spec}))
    ledger = Ledger(objects)
    with ReplayRunner(TABLE, REPLAYED.arms, objects, 4) as runner:
        status = drive(study, ledger, runner, runner.clock, lambda _: None).plan.status
    return status, Ledger(objects)


def trust(status: ProxyStudyStatus) -> tuple[str, str]:
    return next((each.status, each.reason) for each in status.conditions if each.type == ConditionType.PROXY_TRUSTED)


def run_at_reference(ledger: Ledger, names: list[str]) -> set[str]:
    keys = {trial.key for trial in REPLAYED.study.design.trials if trial.arm == "reference"}
    return {result.hypothesis for result in ledger.results(keys).values() if result.kind == "Trial"} & set(names)


def test_a_certificate_is_written_once_and_whoever_comes_later_screens_by_it() -> None:
    objects = MemoryObjects()
    status, ledger = run(objects, FIRST)
    assert trust(status) == ("True", Reason.CERTIFIED)
    written = ledger.trust_records("digits")
    (certificate,) = written.certificates.values()
    assert (certificate.arm, sorted(certificate.hypotheses)) == ("short", sorted(FIRST))
    status, ledger = run(objects, [*FIRST, *USUAL])
    assert trust(status) == ("True", Reason.CERTIFIED)
    assert ledger.trust_records("digits").certificates == written.certificates
    drawn = {name for each in ledger.trust_records("digits").audits.values() for one in each for name in one.hypotheses}
    assert len(drawn) >= 3
    best = sorted(USUAL, key=lambda name: -score(name, "short", 0))[0]
    in_full = run_at_reference(ledger, USUAL)
    assert {best, *drawn} <= in_full < set(USUAL)
    again, ledger = run(objects, [*FIRST, *USUAL])
    assert again.trials == status.trials
    assert run_at_reference(ledger, USUAL) == in_full


def test_a_revocation_is_for_good() -> None:
    objects = MemoryObjects()
    run(objects, FIRST)
    status, ledger = run(objects, [*FIRST, *ODD])
    assert trust(status) == ("False", Reason.REVOKED)
    assert run_at_reference(ledger, ODD) == set(ODD)
    assert len(ledger.trust_records("digits").revocations) == 1
    status, ledger = run(objects, [*FIRST, *USUAL])
    assert trust(status) == ("False", Reason.REVOKED)
    assert run_at_reference(ledger, USUAL) == set(USUAL)


def test_a_study_that_does_not_screen_writes_nothing_down_and_reads_nothing() -> None:
    objects = MemoryObjects()
    _, ledger = run(objects, FIRST, screening=False)
    assert ledger.trust_records("digits") == NO_TRUST_RECORDS
    run(objects, FIRST)
    run(objects, [*FIRST, *ODD])
    status, ledger = run(objects, [*FIRST, *USUAL], screening=False)
    assert trust(status)[1] != Reason.REVOKED
    assert run_at_reference(ledger, USUAL) == set(USUAL)
