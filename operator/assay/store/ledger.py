"""The ledger of one store, over the trainer's object layer.

Beside the objects that `assay_trainer.contract` names:

    studies/<study>/started/<key>/<attempt>.json    which attempts the study started, and when: its index
    studies/<study>/criteria/<digest>.json          under which criteria its results were looked at
    studies/<study>/reports/<digest>.html           what was made of its results
    studies/<study>/trials/<digest>.json            the table of its trials
    attempts/<key>/<attempt>.forgiven.json          a failure that no longer counts, since a retry was asked for
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from assay_trainer.contract import (
    CONTRACT_VERSION,
    Failure,
    PreparationResult,
    TrialResult,
    WorkRequest,
    attempt_name,
    canonical_json,
    digest,
)
from assay_trainer.objects import Objects, StoreError

_FORGIVEN = ".forgiven"
_Result = Annotated[TrialResult | PreparationResult, Field(discriminator="kind")]
_Value = TypeVar("_Value")


class StartedAttempt(NamedTuple):
    """An attempt that a study started; the time is in Unix seconds."""

    key: str
    attempt: int


class Ledger:
    """Reads and writes the ledger. Objects never change, so each is read once and then remembered.

    Every method raises StoreError if the storage fails or holds an object that can't be understood.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._read: dict[str, Any] = {}

    @property
    def uri(self) -> str:
        """URI of the store."""
        return self._objects.uri

    def results(self) -> Mapping[str, str]:
        """Object name of every result and preparation there is, by key."""
        return {
            name.rpartition("/")[2].removesuffix(".json"): name
            for prefix in ("results/", "preparations/")
            for name in self._objects.list(prefix)
            if name.endswith(".json")
        }

    def result(self, name: str) -> TrialResult | PreparationResult:
        """The result of that object name."""
        found: TrialResult | PreparationResult = self._remembered(name, _Result)
        return found

    def failures(self) -> Mapping[str, tuple[Failure, ...]]:
        """All failed attempts by key, in the order of the attempts."""
        found: dict[str, list[Failure]] = defaultdict(list)
        for name in self._objects.list("attempts/"):
            if not name.endswith(f"{_FORGIVEN}.json"):
                failure: Failure = self._remembered(name, Failure)
                found[failure.key].append(failure)
        return {key: tuple(failures) for key, failures in found.items()}

    def forgiven(self) -> Mapping[str, int]:
        """The highest attempt by key whose failure no longer counts."""
        found: dict[str, int] = {}
        for name in self._objects.list("attempts/"):
            _, key, attempt = name.removesuffix(".json").split("/")
            if attempt.endswith(_FORGIVEN):
                found[key] = max(found.get(key, 0), int(attempt.removesuffix(_FORGIVEN)))
        return found

    def started(self, study: str) -> Mapping[StartedAttempt, float]:
        """Every attempt that the study started, and when (Unix seconds)."""
        found: dict[StartedAttempt, float] = {}
        for name in self._objects.list(f"studies/{study}/started/"):
            key, attempt = name.removesuffix(".json").split("/")[-2:]
            marker: _Started = self._remembered(name, _Started)
            found[StartedAttempt(key, int(attempt))] = marker.started_at
        return found

    def criteria(self, study: str) -> frozenset[str]:
        """Digests of the criteria under which the study's results were looked at."""
        names = self._objects.list(f"studies/{study}/criteria/")
        return frozenset(name.rpartition("/")[2].removesuffix(".json") for name in names)

    def put_request(self, study: str, request: WorkRequest, started_at: float) -> str:
        """Write a request and mark its attempts as started; the request's URI. Repeating it changes nothing."""
        identity = digest(canonical_json([(item.key, item.attempt) for item in request.items])).removeprefix("sha256:")
        name = f"requests/{identity[:32]}.json"
        self._objects.put_if_absent(name, _json(request))
        for item in request.items:
            marker = f"studies/{study}/started/{item.key}/{item.attempt:04d}.json"
            self._objects.put_if_absent(marker, _json(_Started(started_at=started_at)))
        return f"{self.uri}/{name}"

    def put_failure(self, failure: Failure) -> None:
        """Write down a failed attempt, unless it is written down already."""
        self._objects.put_if_absent(attempt_name(failure.key, failure.attempt), _json(failure))

    def forgive(self, key: str, attempt: int) -> None:
        """Let the failures of a key up to an attempt no longer count."""
        marker = attempt_name(key, attempt).removesuffix(".json") + f"{_FORGIVEN}.json"
        self._objects.put_if_absent(marker, canonical_json({"version": CONTRACT_VERSION}))

    def put_criteria(self, study: str, name: str, criteria: Mapping[str, Any]) -> None:
        """Remember under which criteria, named by their digest, results were looked at."""
        text = canonical_json({"version": CONTRACT_VERSION, **criteria})
        self._objects.put_if_absent(f"studies/{study}/criteria/{name}.json", text)

    def put_document(self, study: str, folder: str, suffix: str, data: bytes) -> str:
        """Keep what was made of a study's results, under the digest of its contents; its URI."""
        name = f"studies/{study}/{folder}/{digest(data).removeprefix('sha256:')[:16]}.{suffix}"
        self._objects.put_if_absent(name, data)
        return f"{self.uri}/{name}"

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


def _json(value: BaseModel) -> bytes:
    return value.model_dump_json().encode()


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
