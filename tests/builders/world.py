"""A world in which plans are carried out: attempts start, end well or badly, or vanish with their runner."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from assay.planning.actions import Plan, RecordLost, RecordTrust, Start, Stop
from assay.planning.plan import plan
from assay.planning.records.edit_log import EditLog
from assay.planning.records.records import UNKNOWN, Records, RunningAttempt, WorkRecord
from assay.planning.records.trust_records import TrustRecord, record_name, trust_records
from assay.planning.study.history import History
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay.ranking.memory import Memory
from assay.rounds.history import with_edits
from assay.rounds.reconcile import ANSWERS_OF_A_STUDY
from assay_trainer.contract import CurvePoint, FailureReason, PreparationRequest, TrialRequest
from builders.studies import a_failure, a_preparation_result, a_result

Outcome = float | FailureReason
"""How an attempt ends: with a score, or failing."""


@dataclass
class PlayedWorld:
    """`outcome(item)` says how an attempt ends, `seconds(item)` what it costs, and `curve(item)` what it reports on its
    way; all only by what the item is."""

    study: Study
    outcome: Callable[[TrialRequest | PreparationRequest], Outcome]
    seconds: Callable[[TrialRequest | PreparationRequest], float] = lambda item: 10.0
    curve: Callable[[TrialRequest], tuple[CurvePoint, ...]] = lambda item: ()
    now: float = 1_000_000.0
    records: dict[str, WorkRecord] = field(default_factory=dict)
    items: dict[str, TrialRequest | PreparationRequest] = field(default_factory=dict)
    starts: list[tuple[str, int]] = field(default_factory=list)
    most_running: int = 0
    begun_at: float | None = None
    written: dict[str, TrustRecord] = field(default_factory=dict)
    edits: EditLog = ()
    memory: Memory = field(default_factory=lambda: Memory(ANSWERS_OF_A_STUDY))

    def round(self) -> Plan:
        """Plan once and do what the plan says."""
        written = trust_records(self.written.values())
        study = replace(self.study, history=History(self.begun_at, trust_records=written, edits=self.edits))
        study = with_edits(study, self.known(), self.now)
        self.edits = study.history.edits
        decided = plan(study, self.known(), self.now, memory=self.memory)
        for action in decided.actions:
            match action:
                case Start(item):
                    record = self.records.get(item.key, UNKNOWN)
                    assert record.running is None, "started twice"
                    assert record.result is None, "a finished trial was started again"
                    self.begun_at = self.now if self.begun_at is None else self.begun_at
                    self.starts.append((item.key, item.attempt))
                    self.items[item.key] = item
                    self.records[item.key] = replace(record, running=RunningAttempt(item.attempt, self.now))
                case Stop(key, _, _):
                    self.fail(key, FailureReason.STOPPED)
                case RecordTrust(record):
                    self.written.setdefault(record_name(record), record)
                case RecordLost(failure):
                    record = self.records[failure.key]
                    left = tuple(lost for lost in record.lost if lost.attempt != failure.attempt)
                    self.records[failure.key] = replace(record, lost=left, failures=(*record.failures, failure))
        self.most_running = max(self.most_running, len(self.running))
        return decided

    def known(self) -> Records:
        return dict(self.records)

    @property
    def running(self) -> list[str]:
        return [key for key, record in self.records.items() if record.running]

    def end(self, key: str) -> None:
        """Let the attempt that runs under a key end as it ends."""
        item = self.items[key]
        self.now += self.seconds(item)
        outcome = self.outcome(item)
        if isinstance(outcome, FailureReason):
            self.fail(key, outcome)
            return
        if isinstance(item, PreparationRequest):
            planned = next(each for each in self.study.design.preparations if each.key == key)
            result = a_preparation_result(self.study, planned, seconds=self.seconds(item))
            self.records[key] = replace(self.records[key], running=None, result=result)
        else:
            trial = next(each for each in self.study.design.work if each.key == key)
            assert isinstance(trial, PlannedTrial)
            found = a_result(self.study, trial, outcome, seconds=self.seconds(item), curve=self.curve(item))
            asked = {"metric": item.metric, "metrics": {item.metric: outcome}}
            self.records[key] = replace(self.records[key], running=None, result=found.model_copy(update=asked))

    def fail(self, key: str, reason: FailureReason) -> None:
        record = self.records[key]
        assert record.running
        failure = a_failure(key, attempt=record.running.attempt, reason=reason, seconds=self.seconds(self.items[key]))
        self.records[key] = replace(record, running=None, failures=(*record.failures, failure))

    def lose_everything_running(self) -> None:
        """Kill the runner: what ran is gone and only its start is known; nothing is remembered."""
        self.memory = Memory(ANSWERS_OF_A_STUDY)
        for key in self.running:
            record = self.records[key]
            assert record.running
            self.records[key] = replace(record, running=None, lost=(*record.lost, record.running))

    def killed_again_and_again(self, draw: random.Random, kills: int) -> None:
        """Let up to 6 attempts end, in any order, then kill the runner; do so `kills` times."""
        for _ in range(kills):
            for _ in range(draw.randint(0, 6)):
                if not self.round().finished and self.running:
                    self.end(draw.choice(self.running))
            self.lose_everything_running()

    def in_waves(self) -> Plan:
        """Play rounds until the study has finished; everything that runs ends before the next round."""
        while not (decided := self.round()).finished:
            for key in self.running:
                self.end(key)
        return decided

    def to_the_end(self, choose: Callable[[list[str]], str] = min, rounds: int = 10_000) -> Plan:
        """Play rounds until the study has finished; `choose` says which running attempt ends next."""
        for _ in range(rounds):
            decided = self.round()
            if decided.finished:
                return decided
            if self.running:
                self.end(choose(self.running))
        raise AssertionError(f"not finished after {rounds} rounds")

    def scores(self) -> Iterator[tuple[str, str, int, float]]:
        """Yield the scores that were found, in the order of the design."""
        for trial in self.study.design.trials:
            result = self.records.get(trial.key, UNKNOWN).result
            if result is not None and result.kind == "Trial":
                yield trial.hypothesis, trial.arm, trial.seed, result.score
