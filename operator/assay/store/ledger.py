"""The ledger of one store, over the trainer's object layer.

Beside the objects that `assay_trainer.contract` names:

    studies/<study>/started/<key>/<attempt>.json    which attempts the study started, and when: its index
    studies/<study>/criteria/<digest>.json          under which criteria its results were looked at
    studies/<study>/certificates/<name>.json        what is written down of its certificates: see planning.trust_records
    studies/<study>/reports/<digest>.html           what was made of its results
    studies/<study>/trials/<digest>.json            the table of its trials
    studies/<study>/retries/<digest>.json           a request to retry that was carried out
    attempts/<key>/<attempt>.forgiven.json          a failure that no longer counts, since a retry was asked for
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from assay.planning.trust_records import TrustRecord, TrustRecords, record_name, trust_records
from assay_trainer.contract import (
    CONTRACT_VERSION,
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
from assay_trainer.objects import ObjectNotFound, Objects, StoreError

RELIST_SECONDS = 60.0
"""How long what others write into the store may go unseen; what it costs to miss it is one look of a worker."""

TOGETHER = 16
"""Objects that are read or written at a time, by all ledgers of a process: a store may be far away."""

_FORGIVEN = ".forgiven"
_RESULTS = ("results/", "preparations/")
_ATTEMPTS = "attempts/"
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_TrustRecord = Annotated[TrustRecord, Field(discriminator="kind")]
_Result = Annotated[TrialResult | PreparationResult, Field(discriminator="kind")]


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

    What others have written since is seen after `refresh`. Every method raises StoreError if the storage fails or
    holds an object that can't be understood. For use by one thread, which waits for those that it has read or write.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._names: dict[str, dict[str, None]] = {}  # by prefix, in order
        self._listed_at = -math.inf
        self._read: dict[str, Any] = {}

    @property
    def uri(self) -> str:
        """URI of the store."""
        return self._objects.uri

    def refresh(self, now: float) -> None:
        """List the store anew when next asked, if that was last done RELIST_SECONDS ago, or earlier."""
        if now - self._listed_at >= RELIST_SECONDS:
            self._names.clear()
            self._listed_at = now

    def results(self, keys: Container[str]) -> Mapping[str, TrialResult | PreparationResult]:
        """The results and preparations of those keys that have one."""
        names = {
            _key_of(name): name
            for prefix in _RESULTS
            for name in self._list(prefix)
            if name.endswith(".json") and _key_of(name) in keys
        }
        found = self._all_remembered(names.values(), _Result)
        return dict(zip(names, found, strict=True))

    def find_result(self, key: str) -> TrialResult | PreparationResult | None:
        """The result of one key, which the store is asked for if it is not known yet."""
        found: TrialResult | PreparationResult | None = None
        for prefix in _RESULTS:
            found = found or self._found(f"{prefix}{key}.json", _Result)
        return found

    def find_results(self, keys: Iterable[str]) -> Mapping[str, TrialResult | PreparationResult]:
        """The results of those keys that have one, as `find_result`, many at a time."""
        keys = list(keys)
        found = zip(keys, _together(self.find_result, keys), strict=True)
        return {key: result for key, result in found if result is not None}

    def settled(self, items: Iterable[WorkItem]) -> frozenset[str]:
        """Keys of those items that have a result, or whose attempt has failed: others may have run them since the store
        was listed. From then on both are known here."""

        def is_settled(item: WorkItem) -> bool:
            is_trial = isinstance(item, TrialRequest)
            result = self._found(result_name(item.key) if is_trial else preparation_name(item.key), _Result)
            failure = self._found(attempt_name(item.key, item.attempt), Failure)
            return result is not None or failure is not None

        items = list(items)
        return frozenset(item.key for item, yes in zip(items, _together(is_settled, items), strict=True) if yes)

    def failures(self, keys: Container[str]) -> Mapping[str, tuple[Failure, ...]]:
        """The failed attempts of those keys, in the order of the attempts."""
        names = [
            name
            for name in self._list(_ATTEMPTS)
            if not name.endswith(f"{_FORGIVEN}.json") and name.split("/")[1] in keys
        ]
        found: dict[str, list[Failure]] = defaultdict(list)
        for failure in self._all_remembered(sorted(names), Failure):
            found[failure.key].append(failure)
        return {key: tuple(failures) for key, failures in found.items()}

    def forgiven(self) -> Mapping[str, int]:
        """The highest attempt by key whose failure no longer counts."""
        found: dict[str, int] = {}
        for name in self._list(_ATTEMPTS):
            _, key, attempt = name.removesuffix(".json").split("/")
            if attempt.endswith(_FORGIVEN):
                found[key] = max(found.get(key, 0), int(attempt.removesuffix(_FORGIVEN)))
        return found

    def started(self, study: str) -> Mapping[StartedAttempt, float]:
        """Every attempt that the study started, and when (Unix seconds)."""
        names = list(self._list(_started(study)))
        markers = self._all_remembered(names, _Started)
        return {_attempt_of(name): marker.started_at for name, marker in zip(names, markers, strict=True)}

    def criteria(self, study: str) -> frozenset[str]:
        """Digests of the criteria under which the study's results were looked at."""
        return frozenset(_key_of(name) for name in self._list(_criteria(study)))

    def put_request(self, study: str, request: WorkRequest, started_at: float) -> StoredRequest:
        """As `put_requests`, of one."""
        return self.put_requests(study, [request], started_at)[0]

    def put_requests(self, study: str, requests: Iterable[WorkRequest], started_at: float) -> Sequence[StoredRequest]:
        """Write requests and mark their attempts as started. Repeating it changes nothing.

        An attempt that somebody has marked before was perhaps started, and has perhaps ended: it must not be started
        again by whoever only now hears of it.
        """

        def put(request: WorkRequest) -> StoredRequest:
            attempts = canonical_json([(item.key, item.attempt) for item in request.items])
            name = f"requests/{short_digest(attempts)}.json"
            self._put(name, _json(request))
            markers = [f"{_started(study)}{item.key}/{item.attempt:04d}.json" for item in request.items]
            first = [self._put_value(marker, _Started(started_at=started_at)) for marker in markers]
            return StoredRequest(f"{self.uri}/{name}", is_new=all(first))

        return list(_together(put, requests))

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

    def trust_records(self, study: str) -> TrustRecords:
        """What was written down of the study's certificates."""
        return trust_records(self._all_remembered(self._list(_certificates(study)), _TrustRecord))

    def put_trust_record(self, study: str, record: TrustRecord) -> None:
        """Write a record down, unless there is one of its name."""
        self._put_value(f"{_certificates(study)}{record_name(record)}.json", record)

    def is_retried(self, study: str, request: str) -> bool:
        """Whether a request to retry the study's failures, told from others by its text, was carried out."""
        return _retry(study, request) in self._list(f"studies/{study}/retries/")

    def put_retried(self, study: str, request: str) -> None:
        """Remember that the request was carried out."""
        self._put(_retry(study, request), canonical_json({"version": CONTRACT_VERSION, "request": request}))

    def put_document(self, study: str, folder: str, suffix: str, data: bytes) -> str:
        """Keep what was made of a study's results, under the digest of its contents; its URI."""
        name = f"studies/{study}/{folder}/{short_digest(data)[:16]}.{suffix}"
        self._put(name, data)
        return f"{self.uri}/{name}"

    def _list(self, prefix: str) -> Iterable[str]:
        if prefix not in self._names:
            self._names[prefix] = dict.fromkeys(self._objects.list(prefix))
        return self._names[prefix]

    def _put(self, name: str, data: bytes) -> bool:
        if any(name in names for names in self._names.values()):
            return False
        is_new = self._objects.put_if_absent(name, data)
        self._add(name)
        return is_new

    def _put_value(self, name: str, value: BaseModel) -> bool:
        is_new = self._put(name, _json(value))
        if is_new:
            self._read[name] = value
        return is_new

    def _add(self, name: str) -> None:
        for prefix, names in self._names.items():
            if name.startswith(prefix):
                names[name] = None

    def _all_remembered(self, names: Iterable[str], kind: Any) -> list[Any]:
        names = list(names)
        missing = [name for name in names if name not in self._read]
        for _ in _together(lambda name: self._remembered(name, kind), missing):
            pass
        return [self._read[name] for name in names]

    def _found(self, name: str, kind: Any) -> Any:
        """The object, None if it is not there; from then on its name is known."""
        try:
            found = self._remembered(name, kind)
        except ObjectNotFound:
            return None
        self._add(name)
        return found

    def _remembered(self, name: str, kind: Any) -> Any:
        if name not in self._read:
            try:
                self._read[name] = _adapter(kind).validate_json(self._objects.get(name))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "the object"
                raise StoreError(f"{self.uri}/{name}: {where}: {first['msg']}") from error
        return self._read[name]


class _Started(BaseModel):
    """Marks an attempt as started; Unix seconds."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    started_at: float


def _together(call: Callable[[_Given], _Made], each: Iterable[_Given]) -> Iterable[_Made]:
    """What `call` makes of each, several at a time. Raises what one of them raises, once all have ended."""
    each = list(each)
    if len(each) < 2:
        return [call(one) for one in each]
    futures = [_pool().submit(call, one) for one in each]
    wait(futures)
    return [future.result() for future in futures]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(TOGETHER, "store")


def _started(study: str) -> str:
    return f"studies/{study}/started/"


def _criteria(study: str) -> str:
    return f"studies/{study}/criteria/"


def _certificates(study: str) -> str:
    return f"studies/{study}/certificates/"


def _retry(study: str, request: str) -> str:
    return f"studies/{study}/retries/{short_digest(request.encode())}.json"


def _key_of(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


def _attempt_of(marker: str) -> StartedAttempt:
    key, attempt = marker.removesuffix(".json").split("/")[-2:]
    return StartedAttempt(key, int(attempt))


def _json(value: BaseModel) -> bytes:
    return value.model_dump_json().encode()


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
