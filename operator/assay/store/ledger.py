"""The ledger of one store, over the trainer's object layer.

Beside the objects that `assay_trainer.contract` names:

    studies/<study>/started/<key>/<attempt>.json    which attempts the study started, and when: its index
    studies/<study>/criteria/<digest>.json          under which criteria its results were looked at
    studies/<study>/programs/<digest>.json          what the code was made of that its trials ran, by the code's digest
    studies/<study>/certificates/<name>.json        what is written down of its certificates: see planning.trust_records
    studies/<study>/reports/<digest>.html           what was made of its results
    studies/<study>/trials/<digest>.json            the table of its trials
    studies/<study>/retries/<digest>.json           a request to retry that was carried out
    attempts/<key>/<attempt>.forgiven.json          a failure that no longer counts, since a retry was asked for
"""

from __future__ import annotations

import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from assay.planning.records.trust_records import TrustRecord, TrustRecords, record_name, trust_records
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
    short_digest,
)
from assay_trainer.objects import ObjectNotFound, Objects, TooManyObjects, UnfitObject

RELIST_SECONDS = 60.0
"""How long what others write into the store may go unseen; what it costs to miss it is one look of a worker."""

TOGETHER = 16
"""Objects that are read or written at a time: a store may be far away."""

_FORGIVEN = ".forgiven"
_RESULTS = "results/"
_PREPARATIONS = "preparations/"
_ATTEMPTS = "attempts/"
_ATTEMPT = re.compile(r"(?:.*/)?([0-9a-f]{32})/([0-9]{4,9})(\.forgiven)?\.json")


class StartedAttempt(NamedTuple):
    """An attempt that a study started; the time is in Unix seconds."""

    key: str
    attempt: int


class StoredRequest(NamedTuple):
    """A request in the store; `is_new` if none of its attempts was marked as started before."""

    uri: str
    is_new: bool


class Ledger:
    """Reads and writes the ledger. Objects never change, so each is read once and then remembered.

    What others have written since is seen after `refresh`. Every method raises StoreError if the storage fails, and
    UnfitObject if it holds an object that is too large, can't be understood or is not what its name says; what has no
    name of ours is not looked at. For use by one thread, which waits for those that it has read or write.
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
        self._turn = Turn()

    @property
    def uri(self) -> str:
        """URI of the store."""
        return self._objects.uri

    @contextmanager
    def turn(self, seconds: float) -> Iterator[Turn]:
        """Within it, reading raises TurnOver once the seconds are over; what was read until then is remembered."""
        self._turn = Turn(seconds, self._clock)
        try:
            with self._reader.turn(self._turn):
                yield self._turn
        finally:
            self._turn = Turn()

    @property
    def turn_is_over(self) -> bool:
        """Whether what can wait for the next turn should."""
        return self._turn.is_over

    def close(self) -> None:
        """Give back what is remembered: the ledger is not used any more."""
        self._reader.close()

    def refresh(self, now: float) -> None:
        """List the store anew when next asked, if that was last done RELIST_SECONDS ago, or earlier."""
        if now - self._listed_at >= max(RELIST_SECONDS, LISTS_REST * self._listed.took):
            self._listed.forget()
            self._listed_at = now

    def results(self, keys: Collection[str]) -> Mapping[str, TrialResult | PreparationResult]:
        """The results and preparations of those keys that have one."""
        names = {
            key: name
            for folder in (_RESULTS, _PREPARATIONS)
            for key, there in self._of_keys(folder, keys, ".").items()
            if (name := f"{folder}{key}.json") in there
        }
        return dict(zip(names, self._reader.all(names.values(), _RESULT), strict=True))

    def find_result(self, key: str) -> TrialResult | PreparationResult | None:
        """The result of one key, which the store is asked for if it is not known yet."""
        found: TrialResult | PreparationResult | None = None
        for folder in (_RESULTS, _PREPARATIONS):
            found = found or self._found(f"{folder}{key}.json", _RESULT)
        return found

    def find_results(self, keys: Iterable[str]) -> Mapping[str, TrialResult | PreparationResult]:
        """The results of those keys that have one, as `find_result`, many at a time."""
        keys = list(keys)
        found = zip(keys, together(self.find_result, keys, self._at_a_time), strict=True)
        return {key: result for key, result in found if result is not None}

    def settled(self, items: Iterable[WorkItem]) -> frozenset[str]:
        """Keys of those items that have a result, or whose attempt has failed: others may have run them since the store
        was listed. From then on both are known here."""

        def is_settled(item: WorkItem) -> bool:
            is_trial = isinstance(item, TrialRequest)
            result = self._found(result_name(item.key) if is_trial else preparation_name(item.key), _RESULT)
            failure = self._found(attempt_name(item.key, item.attempt), _FAILURE)
            return result is not None or failure is not None

        items = list(items)
        found = together(is_settled, items, self._at_a_time)
        return frozenset(item.key for item, yes in zip(items, found, strict=True) if yes)

    def failures(self, keys: Collection[str]) -> Mapping[str, tuple[Failure, ...]]:
        """The failed attempts of those keys, in the order of the attempts."""
        names = [each.name for each in self._attempts(keys) if not each.is_forgiven]
        found: dict[str, list[Failure]] = defaultdict(list)
        for failure in self._reader.all(names, _FAILURE):
            found[failure.key].append(failure)
        return {key: tuple(failures) for key, failures in found.items()}

    def forgiven(self, keys: Collection[str]) -> Mapping[str, int]:
        """The highest attempt by key whose failure no longer counts, of those keys."""
        found: dict[str, int] = {}
        for each in self._attempts(keys):
            if each.is_forgiven:
                found[each.key] = max(found.get(each.key, 0), each.attempt)
        return found

    def started(self, study: str) -> Mapping[StartedAttempt, float]:
        """Every attempt that the study started, and when (Unix seconds)."""
        found = list(filter(None, map(_named_attempt, self._within(_started(study)))))
        markers = self._reader.all([each.name for each in found], _STARTED)
        return {
            StartedAttempt(each.key, each.attempt): marker.started_at
            for each, marker in zip(found, markers, strict=True)
            if not each.is_forgiven
        }

    def criteria(self, study: str) -> frozenset[str]:
        """Digests of the criteria under which the study's results were looked at."""
        return frozenset(_key_of(name) for name in self._within(_criteria(study)))

    def put_request(self, study: str, request: WorkRequest, started_at: float) -> StoredRequest:
        """As `put_requests`, of one."""
        return self.put_requests(study, [request], started_at)[0]

    def put_requests(self, study: str, requests: Iterable[WorkRequest], started_at: float) -> Sequence[StoredRequest]:
        """Write requests and mark their attempts as started. Repeating it changes nothing.

        An attempt that somebody has marked before was perhaps started, and has perhaps ended: it must not be started
        again by whoever only now hears of it.
        """

        def put(request: WorkRequest) -> StoredRequest:
            name = f"requests/{_request_id([StartedAttempt(item.key, item.attempt) for item in request.items])}.json"
            self._put(name, _json(request))
            markers = [f"{_started(study)}{item.key}/{item.attempt:04d}.json" for item in request.items]
            first = [self._put_value(marker, _Started(started_at=started_at)) for marker in markers]
            return StoredRequest(f"{self.uri}/{name}", is_new=all(first))

        return together(put, requests, self._at_a_time)

    def put_failure(self, failure: Failure) -> None:
        """Write down a failed attempt, unless it is written down already."""
        self._put_value(attempt_name(failure.key, failure.attempt), failure)

    def forgive(self, key: str, attempt: int) -> None:
        """Let the failures of a key up to an attempt no longer count."""
        marker = attempt_name(key, attempt).removesuffix(".json") + f"{_FORGIVEN}.json"
        self._put(marker, canonical_json({"version": CONTRACT_VERSION}))

    def put_criteria(self, study: str, name: str, criteria: Mapping[str, Any]) -> None:
        """Remember under which criteria, named by their digest, results were looked at."""
        text = canonical_json({"version": CONTRACT_VERSION, **criteria})
        self._put(f"{_criteria(study)}{name}.json", text)

    def program(self, study: str, code: str) -> CodeIngredients | None:
        """What a digest of code was made of, if that was written down."""
        name = _program(study, code)
        if name not in self._within(f"studies/{study}/programs/"):
            return None
        found: CodeIngredients | None = self._found(name, _PROGRAM)
        return found

    def put_program(self, study: str, ingredients: CodeIngredients) -> None:
        """Write down what a digest of code is made of."""
        name = _program(study, ingredients.code)
        if name not in self._within(f"studies/{study}/programs/"):
            self._put_value(name, ingredients)

    def request_of(self, attempt: StartedAttempt) -> TrialRequest | None:
        """What was asked for by an attempt of a trial that shared its request with no other; else None."""
        found = self._found(f"requests/{_request_id([attempt])}.json", _REQUEST)
        return next((item for item in found.items if isinstance(item, TrialRequest)), None) if found else None

    def trust_records(self, study: str) -> TrustRecords:
        """What was written down of the study's certificates."""
        names = [name for name in self._within(_certificates(study)) if name.endswith(".json")]
        return trust_records(self._reader.all(names, _TRUST))

    def put_trust_record(self, study: str, record: TrustRecord) -> None:
        """Write a record down, unless there is one of its name."""
        self._put_value(f"{_certificates(study)}{record_name(record)}.json", record)

    def is_retried(self, study: str, request: str) -> bool:
        """Whether a request to retry the study's failures, told from others by its text, was carried out."""
        return _retry(study, request) in self._within(f"studies/{study}/retries/")

    def put_retried(self, study: str, request: str) -> None:
        """Remember that the request was carried out."""
        self._put(_retry(study, request), canonical_json({"version": CONTRACT_VERSION, "request": request}))

    def put_document(self, study: str, folder: str, suffix: str, data: bytes) -> str:
        """Keep what was made of a study's results, under the digest of its contents; its URI."""
        name = f"studies/{study}/{folder}/{short_digest(data)[:16]}.{suffix}"
        self._put(name, data)
        return f"{self.uri}/{name}"

    def _attempts(self, keys: Collection[str]) -> list[_NamedAttempt]:
        """Those that are written down of the keys, in the order of the attempts."""
        listed = self._of_keys(_ATTEMPTS, keys, "/")
        names = sorted(name for key in keys for name in listed[key])
        return sorted(filter(None, map(_named_attempt, names)), key=lambda each: (each.key, each.attempt))

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
        """The object, None if it is not there; from then on its name is known."""
        try:
            found = self._reader.one(name, kind)
        except ObjectNotFound:
            return None
        self._listed.add(name)
        return found


class _NamedAttempt(NamedTuple):
    """What an object's name says of an attempt."""

    name: str
    key: str
    attempt: int
    is_forgiven: bool


class _Started(BaseModel):
    """Marks an attempt as started; Unix seconds."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    started_at: float


def _of_another_key(name: str, value: TrialResult | PreparationResult) -> str | None:
    """Of a result; whatever is under a trial's key counts as that trial's."""
    key = _key_of(name)
    fitting = TrialResult if name.startswith(_RESULTS) else PreparationResult
    if not isinstance(value, fitting):
        return f"kind: given {value.kind}; it is not one that belongs into {name.partition('/')[0]}/"
    return None if value.key == key else f"key: given {value.key}; allowed: {key}, as its name says"


def _of_another_attempt(name: str, value: Failure) -> str | None:
    named = _named_attempt(name)
    assert named is not None
    if (value.key, value.attempt) == (named.key, named.attempt):
        return None
    return f"key and attempt: given {value.key}, {value.attempt}; allowed: {named.key}, {named.attempt}"


def _of_another_name(name: str, value: TrustRecord) -> str | None:
    wanted = record_name(value)
    return None if wanted == _key_of(name) else f"its name should be {wanted}.json"


_RESULT = Kind(Annotated[TrialResult | PreparationResult, Field(discriminator="kind")], "result", _of_another_key)
_FAILURE = Kind(Failure, "record", _of_another_attempt)
_STARTED = Kind(_Started, "record")
_PROGRAM = Kind(CodeIngredients, "record")
_REQUEST = Kind(WorkRequest, "result")  # as large as a recipe, which a result does not have
_TRUST = Kind(Annotated[TrustRecord, Field(discriminator="kind")], "record", _of_another_name)


def _started(study: str) -> str:
    return f"studies/{study}/started/"


def _criteria(study: str) -> str:
    return f"studies/{study}/criteria/"


def _certificates(study: str) -> str:
    return f"studies/{study}/certificates/"


def _program(study: str, code: str) -> str:
    return f"studies/{study}/programs/{code.removeprefix('sha256:')[:32]}.json"


def _request_id(attempts: Sequence[StartedAttempt]) -> str:
    return short_digest(canonical_json([list(each) for each in attempts]))


def _retry(study: str, request: str) -> str:
    return f"studies/{study}/retries/{short_digest(request.encode())}.json"


def _key_of(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


def _named_attempt(name: str) -> _NamedAttempt | None:
    """None: the name is none of ours."""
    parts = _ATTEMPT.fullmatch(name)
    if parts is None or int(parts[2]) < 1 or parts[2] != f"{int(parts[2]):04d}":
        return None
    return _NamedAttempt(name, parts[1], int(parts[2]), is_forgiven=parts[3] is not None)


def _too_many(error: TooManyObjects) -> UnfitObject:
    return UnfitObject(f"{error} (limits.names): remove those that are not needed, and the study goes on")


def _json(value: BaseModel) -> bytes:
    return value.model_dump_json().encode()
