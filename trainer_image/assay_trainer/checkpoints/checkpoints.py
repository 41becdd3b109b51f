"""The checkpoints of one attempt: when one is written, and which one it goes on from."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.checkpoints.encoding import Unusable
from assay_trainer.checkpoints.kept import KEPT, KeptCheckpoints
from assay_trainer.checkpoints.record import (
    CHECKPOINT_BYTES,
    CURVE_BYTES,
    NOTHING,
    CheckpointRecord,
    Spent,
    decoded,
    from_object,
    to_object,
)
from assay_trainer.checkpoints.told import EndSignal
from assay_trainer.contract import Failure, FailureReason, TrialRequest
from assay_trainer.described import bounded
from assay_trainer.device import device_model
from assay_trainer.objects import Objects, StoreError
from assay_trainer.ranks.agreed import Agreement
from assay_trainer.returned.curve import LearningCurve

_MAY_GO_ON = frozenset({FailureReason.DEADLINE_EXCEEDED, FailureReason.OUT_OF_MEMORY, *contract.INFRASTRUCTURE_REASONS})
"""The failures after which another attempt goes on from the last checkpoint. After any other one it would only come to
the same end again, so it starts over."""


def remove_unless_of_use(request: TrialRequest, store: Objects, reason: FailureReason) -> None:
    """Remove the checkpoints of a trial that has failed by `reason`, unless another attempt will go on from them."""
    if reason not in _MAY_GO_ON:
        _keep(KeptCheckpoints(store, contract.course_key(request)), 0)


def _keep(course: KeptCheckpoints, most: int) -> None:
    try:
        course.keep(most)
    except StoreError as error:
        print(f"assay: checkpoints stay: {error}", file=sys.stderr)  # noqa: T201


class ToldToEnd(BaseException):
    """The trial was told to end, and its checkpoint is written. It is no `Exception`, so that `except Exception` in a
    train function does not catch it."""


class Checkpoints:
    """The checkpoints that an attempt writes, and the one that it goes on from.

    `spent` tells what the run has taken so far, and `resume` hears what it had taken by the checkpoint that it goes on
    from. Only with `writes`, as rank 0 alone has, anything is written; several ranks keep to their `agreement`. Nothing
    that is wrong with a checkpoint or the store costs the trial its result: it is said in `notes`.
    """

    def __init__(
        self,
        request: TrialRequest,
        store: Objects,
        curve: LearningCurve,
        device: str,
        *,
        spent: Callable[[], Spent],
        resume: Callable[[Spent], None],
        rank: int = 0,
        agreement: Agreement | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.notes: list[str] = []
        self.before = NOTHING
        """What the run had taken by the checkpoint that it went on from."""
        self.charged_before = 0.0
        """Of its accelerator seconds those that other attempts are charged."""
        self.ended = False
        """Whether the trial was told to end, and has been ended."""
        self._request, self._store, self._curve, self._device = request, store, curve, device
        self._spent, self._resume, self._writes, self._clock = spent, resume, rank == 0, clock
        self._agreement, self._rank = agreement, rank
        self._course = KeptCheckpoints(store, contract.course_key(request))
        self._lasting = KeptCheckpoints(store, contract.lasting_key(request))
        self._signal = EndSignal()
        self._process = os.getpid()
        self._interval = request.checkpoint_seconds or contract.CHECKPOINT_SECONDS
        self._due = clock() + self._interval
        self._restored: list[Any] = []
        self._used = False

    @property
    def follow_reports(self) -> bool:
        """Whether the train function goes on from checkpoints: then it is ended at one, so that a longer run can, too,
        and not at the report before."""
        return bool(self._restored) and self._agreement is None

    # ------------------------------------------------------------------------- going on

    def restored(self) -> Any | None:
        """Return the state of the last checkpoint that can be used; None if there is none. It is read once."""
        self._begin()
        if not self._restored:
            self._restored.append(self._last_state())
        return self._restored[0]

    def _last_state(self) -> Any | None:
        if self._agreement is None:
            return self._chosen()[1]
        if self._writes:
            name, state = self._chosen()
            self._agreement.go_on_from(name)
            return state
        agreed = self._agreement.goes_on_from()
        if agreed is None:
            return None
        try:
            return decoded(from_object(self._store.get(agreed, limit=CHECKPOINT_BYTES))[1])
        except Unusable as error:  # another rank could use it
            raise StoreError(f"{self._store.uri}/{agreed}: {error}") from error

    def _chosen(self) -> tuple[str | None, Any | None]:
        """Return the name and the state of the last checkpoint that can be used."""
        for name, lasting, skip in self._candidates():
            try:
                record, state = from_object(self._store.get(name, limit=CHECKPOINT_BYTES))
                self._check(record, lasting=lasting, place=skip)
                found = decoded(state)
            except (Unusable, StoreError, MemoryError) as error:
                self._note(f"checkpoint {name} is not used: {error or type(error).__name__}")
                continue
            mine = (record.key, record.attempt) == (self._request.key, self._request.attempt)
            self.before = record.spent
            self.charged_before = record.charged_before if mine else record.spent.accelerator_seconds
            self._curve.resume(record.curve, record.reported)
            seconds = record.spent.accelerator_seconds
            print(f"assay: goes on from checkpoint {name}, after {seconds:.1f} s", file=sys.stderr)  # noqa: T201
            self._resume(record.spent)
            return name, found
        return None, None

    def _candidates(self) -> Iterator[tuple[str, bool, int]]:
        """Yield names, the best first, with whether any number of epochs may follow, and the place in their folder."""
        for kept, lasting in ((self._course, False), (self._lasting, True)):
            try:
                names = list(kept.newest_first())
            except StoreError as error:
                self._note(f"checkpoints can't be listed: {error}")
                continue
            yield from ((name, lasting, place) for place, name in enumerate(names))

    def _check(self, record: CheckpointRecord, *, lasting: bool, place: int) -> None:
        """Raise Unusable that says why this attempt can't go on from a checkpoint, if it can't."""
        request, epochs = self._request, self._curve.wanted.epochs
        stop_after, reported = request.fidelity.stop_after, {point.epoch for point in record.curve}
        if record.unit != self._unit:
            raise Unusable(
                f"it is of a run that is charged by another unit ({record.unit}), so its costs can't be added"
            )
        if lasting and record.epochs > request.fidelity.epochs:
            raise Unusable(f"it is of a run of {record.epochs} epochs, this one has {request.fidelity.epochs}")
        if lasting and (record.steps or 0) > (request.fidelity.steps or 0):
            raise Unusable(f"it is of a run of {record.steps} steps, this one has {request.fidelity.steps}")
        if stop_after is not None and any(epoch >= stop_after for epoch in reported):
            raise Unusable(f"it lies beyond epoch {stop_after}, after which this trial ends")
        passed = record.stop_after or (math.inf if record.steps else record.epochs)
        missed = [each for each in epochs if each <= passed and each not in {*reported, *record.wanted_epochs}]
        if missed:
            raise Unusable(f"its run was not asked to report epoch {missed[0]}, which it may have passed")
        deaths = request.attempt - 1 - record.attempt if record.key == request.key else 0
        if place < deaths and self._died(request.attempt - 1):
            raise Unusable("the last attempt went on from it and died without a word")

    def _died(self, attempt: int) -> bool:
        try:
            data = self._store.get(contract.attempt_name(self._request.key, attempt))
            return Failure.model_validate_json(data).reason is FailureReason.WORKER_DIED
        except (StoreError, ValidationError):
            return False

    # ------------------------------------------------------------------------- writing

    def checkpoint(self, state: Any, *, for_longer: bool, last: bool) -> None:
        """Write a checkpoint if one is due: if the trial was told to end, which then ends it by ToldToEnd, if it is the
        `last` one of a trial that ends here, or if it is time. With `for_longer`, write one from which a run of more
        epochs may go on, too."""
        if os.getpid() != self._process:
            return
        self._begin()
        told = self._signal.told
        due = told or last or self._clock() >= self._due
        if self._agreement is not None:
            due, told = self._agreement.acts(self._rank, wants=due, ends=told)
        if due or for_longer:
            self._write(state, for_longer=for_longer)
        if told:
            self.ended = True
            raise ToldToEnd("it was told to end, at a checkpoint")

    def _write(self, state: Any, *, for_longer: bool) -> None:
        given_up = not self._writes or self._due == float("inf")
        if given_up and self._agreement is None:
            return
        began = self._clock()
        try:
            made = state() if callable(state) else state  # by all ranks, which may share theirs in it
            if given_up:
                return
            data = to_object(self._record(), made)
            self._course.put(data)
            if for_longer:
                self._lasting.put(data)
            self._due = self._clock() + self._interval
            self._course.keep(KEPT)
            self._lasting.keep(1)
        except (Unusable, MemoryError) as error:
            self._note(f"no checkpoints: {error or 'there is not enough memory for one'}")
            self._due = float("inf")
        except StoreError as error:
            self._note(f"checkpoints: {error}")
            self._due = self._clock() + self._interval
        else:
            took = self._clock() - began
            print(f"assay: a checkpoint of {len(data):,} bytes took {took:.2f} s", file=sys.stderr)  # noqa: T201

    def _record(self) -> CheckpointRecord:
        request = self._request
        return CheckpointRecord(
            key=request.key,
            attempt=request.attempt,
            unit=self._unit,
            device_model=device_model(self._device),
            spent=self._spent(),
            charged_before=self.charged_before,
            curve=self._curve.bounded(CURVE_BYTES)[0],
            reported=self._curve.reported,
            wanted_epochs=self._curve.wanted.epochs,
            epochs=request.fidelity.epochs,
            steps=request.fidelity.steps,
            stop_after=request.fidelity.stop_after,
        )

    # ------------------------------------------------------------------------- the end

    def close(self) -> None:
        """Listen no longer."""
        self._signal.close()

    def tidy(self, reason: FailureReason | None) -> None:
        """Remove what nobody will go on from, now that the attempt has ended, by `reason` or (None) with a result.

        Of a trial that ended early the last checkpoint stays: the whole run goes on from it.
        """
        if not self._used or not self._writes or self.ended or reason in _MAY_GO_ON:
            return
        _keep(self._course, 1 if reason is None and self._request.fidelity.stop_after is not None else 0)

    def _begin(self) -> None:
        if not self._used:
            self._used = True
            self._signal.listen()

    @property
    def _unit(self) -> Any:
        return "accelerator" if self._device.startswith("cuda") else "cpu-process"

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(bounded(text, 300))
            print(f"assay: {text}", file=sys.stderr)  # noqa: T201
