"""The ledger of one store, over the trainer's object layer. `layout` says what its objects are called."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from assay.planning.records.edit_log import EditLog, EditRecord, in_order
from assay.planning.records.look_records import LookRecord, LooksBefore, look_record_name, looks_before
from assay.planning.records.trust_records import TrustRecord, TrustRecords, record_name, trust_records
from assay.store.example_values import ExampleReader, OfHypothesis
from assay.store.kinds import EDIT, FAILURE, LOOK, PROGRAM, REQUEST, RESULT, STARTED, TRUST, StartMark
from assay.store.layout import (
    ATTEMPTS,
    PREPARATIONS,
    RESULTS,
    NamedAttempt,
    StartedAttempt,
    attempt_in,
    certificates_folder,
    criteria_folder,
    document_name,
    edit_name,
    edits_folder,
    forgiven_name,
    is_edit_name,
    key_in,
    looks_folder,
    program_name,
    programs_folder,
    request_name,
    retries_folder,
    retry_name,
    started_folder,
    started_name,
)
from assay.store.limits import ON_ONE_MACHINE, StoreLimits
from assay.store.memory_budget import MemoryBudget
from assay.store.names import LISTS_REST, Listed
from assay.store.reading import Kind, Reader
from assay.store.together import together
from assay.store.turns import Turn
from assay_trainer.contract import (
    CONTRACT_VERSION,
    CodeIngredients,
    Failure,
    PreparationResult,
    TrialRequest,
    TrialResult,
    WorkItem,
    WorkRequest,
    attempt_name,
    canonical_json,
    preparation_name,
    result_name,
)
from assay_trainer.objects import ObjectNotFound, Objects, TooManyObjects, UnfitObject

RELIST_SECONDS = 60.0
"""How long what others write into the store may go unseen: to miss it costs a worker no more than one look."""

TOGETHER = 16
"""How many objects are read or written at a time: a store may be far away."""


class StoredRequest(NamedTuple):
    """A request in the store; `is_new` if none of its attempts was marked as started before."""

    uri: str
    is_new: bool


class Ledger:
    """Reads and writes the ledger. Objects never change, so each is read once and then remembered.

    What others have written since is seen after `refresh`. Every method raises StoreError if the storage fails, and
    UnfitObject if it holds an object that is too large, can't be understood or is not what its name says; objects with
    names of another form are not looked at. For use by one thread, which waits for those that read and write for it.
    """

    def __init__(
        self,
        objects: Objects,
        limits: StoreLimits | None = None,
        memory: MemoryBudget | None = None,
        *,
        at_a_time: int = TOGETHER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is in seconds; `memory` is shared with other ledgers; without `limits` it is for one machine."""
        limits = limits or ON_ONE_MACHINE
        self._objects = objects
        self._at_a_time = at_a_time
        self._clock = clock
        self._listed_at = -math.inf
        self._listed = Listed(objects, limits.names, clock)
        self._reader = Reader(objects, limits, memory or MemoryBudget(), at_a_time)
        self._examples = ExampleReader(objects, at_a_time)
        self._turn = Turn()

    @property
    def uri(self) -> str:
        """URI of the store."""
        return self._objects.uri

    @contextmanager
    def turn(self, seconds: float) -> Iterator[Turn]:
        """Begin a turn: within it, reading raises TurnOver once the seconds are over, and remembers what was read."""
        self._turn = Turn(seconds, self._clock)
        try:
            with self._reader.turn(self._turn):
                yield self._turn
        finally:
            self._turn = Turn()

    @property
    def turn_is_over(self) -> bool:
        """Whether whatever can wait for the next turn should."""
        return self._turn.is_over

    def close(self) -> None:
        """Give back the memory of what was read: the ledger is not used any more."""
        self._reader.close()

    def refresh(self, now: float) -> None:
        """Forget the lists that were taken, if that was RELIST_SECONDS ago or earlier; `now` is in seconds."""
        if now - self._listed_at >= max(RELIST_SECONDS, LISTS_REST * self._listed.took):
            self._listed.forget()
            self._examples.forget_missing()
            self._listed_at = now

    def results(self, keys: Collection[str]) -> Mapping[str, TrialResult | PreparationResult]:
        """Return the results of those keys that have one, of trials and of preparations."""
        names = {
            key: name
            for folder in (RESULTS, PREPARATIONS)
            for key, there in self._of_keys(folder, keys, ".").items()
            if (name := f"{folder}{key}.json") in there
        }
        return dict(zip(names, self._reader.all(names.values(), RESULT), strict=True))

    def find_result(self, key: str) -> TrialResult | PreparationResult | None:
        """Return the result of one key, None if there is none. The store is asked for it unless it is known."""
        found: TrialResult | PreparationResult | None = None
        for folder in (RESULTS, PREPARATIONS):
            found = found or self._found(f"{folder}{key}.json", RESULT)
        return found

    def find_results(self, keys: Iterable[str]) -> Mapping[str, TrialResult | PreparationResult]:
        """Return the results of those keys that have one, found as by `find_result`, many at a time."""
        keys = list(keys)
        found = zip(keys, together(self.find_result, keys, self._at_a_time), strict=True)
        return {key: result for key, result in found if result is not None}

    def settled(self, items: Iterable[WorkItem]) -> frozenset[str]:
        """Return the keys of those items that have a result, or whose attempt has failed.

        Others may have run them since the store was listed. From then on both are known here.
        """

        def is_settled(item: WorkItem) -> bool:
            is_trial = isinstance(item, TrialRequest)
            result = self._found(result_name(item.key) if is_trial else preparation_name(item.key), RESULT)
            failure = self._found(attempt_name(item.key, item.attempt), FAILURE)
            return result is not None or failure is not None

        items = list(items)
        found = together(is_settled, items, self._at_a_time)
        return frozenset(item.key for item, yes in zip(items, found, strict=True) if yes)

    def example_errors(
        self, own: Mapping[int, TrialResult], baseline: Mapping[int, TrialResult], metric: str
    ) -> OfHypothesis:
        """Return how much the difference of a hypothesis from the baseline varies with the held-out examples, by what
        their trials, by seed, said of each of these. Values that are not there, or damaged, do not count."""
        return self._examples.of_hypothesis(own, baseline, metric, self._turn.begin)

    def failures(self, keys: Collection[str]) -> Mapping[str, tuple[Failure, ...]]:
        """Return the failed attempts of those keys, in the order of the attempts."""
        names = [each.name for each in self._attempts(keys) if not each.is_forgiven]
        found: dict[str, list[Failure]] = defaultdict(list)
        for failure in self._reader.all(names, FAILURE):
            found[failure.key].append(failure)
        return {key: tuple(failures) for key, failures in found.items()}

    def forgiven(self, keys: Collection[str]) -> Mapping[str, int]:
        """Return, for those keys that have one, the highest attempt whose failure no longer counts."""
        found: dict[str, int] = {}
        for each in self._attempts(keys):
            if each.is_forgiven:
                found[each.key] = max(found.get(each.key, 0), each.attempt)
        return found

    def started(self, study: str) -> Mapping[StartedAttempt, float]:
        """Return every attempt that the study started, with its time (Unix seconds)."""
        found = list(filter(None, map(attempt_in, self._within(started_folder(study)))))
        markers = self._reader.all([each.name for each in found], STARTED)
        return {
            StartedAttempt(each.key, each.attempt): marker.started_at
            for each, marker in zip(found, markers, strict=True)
            if not each.is_forgiven
        }

    def criteria(self, study: str) -> frozenset[str]:
        """Return the digests of the criteria under which the study's results were looked at."""
        return frozenset(key_in(name) for name in self._within(criteria_folder(study)))

    def edit_log(self, study: str) -> EditLog:
        """Return the log of what the study was judged by while its scores were seen."""
        names = filter(is_edit_name, self._within(edits_folder(study)))
        return in_order(self._reader.all(names, EDIT))

    def put_request(self, study: str, request: WorkRequest, started_at: float) -> StoredRequest:
        """Write one request, as `put_requests` does."""
        return self.put_requests(study, [request], started_at)[0]

    def put_requests(self, study: str, requests: Iterable[WorkRequest], started_at: float) -> Sequence[StoredRequest]:
        """Write requests and mark their attempts as started. Repeating it changes nothing.

        An attempt that was marked before was perhaps started, and has perhaps ended: a runner that only now hears of it
        must not start it again.
        """

        def put(request: WorkRequest) -> StoredRequest:
            attempts = [StartedAttempt(item.key, item.attempt) for item in request.items]
            name = request_name(attempts)
            self._put(name, _json(request))
            mark = StartMark(started_at=started_at)
            first = [self._put_value(started_name(study, attempt), mark) for attempt in attempts]
            return StoredRequest(f"{self.uri}/{name}", is_new=all(first))

        return together(put, requests, self._at_a_time)

    def put_failure(self, failure: Failure) -> None:
        """Write down a failed attempt, unless it is written down already."""
        self._put_value(attempt_name(failure.key, failure.attempt), failure)

    def forgive(self, key: str, attempt: int) -> None:
        """Let the failures of a key up to an attempt no longer count."""
        self._put(forgiven_name(key, attempt), canonical_json({"version": CONTRACT_VERSION}))

    def put_criteria(self, study: str, name: str, criteria: Mapping[str, Any]) -> None:
        """Remember under which criteria, named by their digest, results were looked at."""
        text = canonical_json({"version": CONTRACT_VERSION, **criteria})
        self._put(f"{criteria_folder(study)}{name}.json", text)

    def put_edit_record(self, study: str, record: EditRecord) -> None:
        """Write a record into the log of edits, unless there is one of its number."""
        self._put_value(edit_name(study, record.number), record)

    def program(self, study: str, code: str) -> CodeIngredients | None:
        """Return what a digest of code was made of, None if that was not written down."""
        name = program_name(study, code)
        if name not in self._within(programs_folder(study)):
            return None
        found: CodeIngredients | None = self._found(name, PROGRAM)
        return found

    def put_program(self, study: str, ingredients: CodeIngredients) -> None:
        """Write down what a digest of code is made of."""
        name = program_name(study, ingredients.code)
        if name not in self._within(programs_folder(study)):
            self._put_value(name, ingredients)

    def request_of(self, attempt: StartedAttempt) -> TrialRequest | None:
        """Return the request of an attempt of a trial, None if it shared its request with others or was no trial."""
        found = self._found(request_name([attempt]), REQUEST)
        return next((item for item in found.items if isinstance(item, TrialRequest)), None) if found else None

    def trust_records(self, study: str) -> TrustRecords:
        """Return what was written down of the study's certificates."""
        names = [name for name in self._within(certificates_folder(study)) if name.endswith(".json")]
        return trust_records(self._reader.all(names, TRUST))

    def put_trust_record(self, study: str, record: TrustRecord) -> None:
        """Write a record down, unless there is one of its name."""
        self._put_value(f"{certificates_folder(study)}{record_name(record)}.json", record)

    def looks(self, yardstick: str) -> LooksBefore:
        """Return what was written down of looks by one yardstick, whichever study took them."""
        names = [name for name in self._within(looks_folder(yardstick)) if name.endswith(".json")]
        return looks_before(self._reader.all(names, LOOK))

    def put_look_record(self, record: LookRecord) -> None:
        """Write a record down, unless there is one of its name."""
        self._put_value(f"{looks_folder(record.yardstick)}{look_record_name(record)}.json", record)

    def is_retried(self, study: str, request: str) -> bool:
        """Return whether a request to retry the study's failures, told from others by its text, was carried out."""
        return retry_name(study, request) in self._within(retries_folder(study))

    def put_retried(self, study: str, request: str) -> None:
        """Remember that the request was carried out."""
        self._put(retry_name(study, request), canonical_json({"version": CONTRACT_VERSION, "request": request}))

    def put_document(self, study: str, folder: str, suffix: str, data: bytes) -> str:
        """Write what was made of a study's results under the digest of its contents, and return its URI."""
        name = document_name(study, folder, suffix, data)
        self._put(name, data)
        return f"{self.uri}/{name}"

    def _attempts(self, keys: Collection[str]) -> list[NamedAttempt]:
        """Return the attempts that are written down of the keys, in the order of the attempts."""
        listed = self._of_keys(ATTEMPTS, keys, "/")
        names = sorted(name for key in keys for name in listed[key])
        return sorted(filter(None, map(attempt_in, names)), key=lambda each: (each.key, each.attempt))

    def _of_keys(self, folder: str, keys: Collection[str], then: Literal["/", "."]) -> Mapping[str, Collection[str]]:
        try:
            listed = self._listed.of_keys(folder, keys, then)
        except TooManyObjects as error:
            raise _too_many(error) from error
        return {key: listed[key] for key in keys}

    def _within(self, folder: str) -> Collection[str]:
        try:
            return self._listed.within(folder)
        except TooManyObjects as error:
            raise _too_many(error) from error

    def _put(self, name: str, data: bytes) -> bool:
        if self._listed.has(name):
            return False
        is_new = self._objects.put_if_absent(name, data)
        self._listed.add(name)
        return is_new

    def _put_value(self, name: str, value: BaseModel) -> bool:
        data = _json(value)
        is_new = self._put(name, data)
        if is_new:
            self._reader.remember(name, value, len(data))
        return is_new

    def _found(self, name: str, kind: Kind) -> Any:
        """Return the object, None if it is not there; from then on its name is known."""
        try:
            found = self._reader.one(name, kind)
        except ObjectNotFound:
            return None
        self._listed.add(name)
        return found


def _too_many(error: TooManyObjects) -> UnfitObject:
    return UnfitObject(f"{error} (limits.names): remove those that are not needed, and the study goes on")


def _json(value: BaseModel) -> bytes:
    return value.model_dump_json().encode()
