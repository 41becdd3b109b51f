"""Reading objects of the ledger: within their limits, understood, and each of them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from assay.store.limits import StoreLimits
from assay.store.memory_budget import MemoryBudget
from assay.store.together import together
from assay.store.turns import Turn
from assay_trainer.contract import first_fault
from assay_trainer.objects import Objects, ObjectTooLarge, StoreError, UnfitObject

LARGEST_NUMBER = 1e15
"""The largest number of seconds, bytes, attempts or examples that an object may say."""

_MEASURED = frozenset({"score", "metrics", "mean"})
_REMEDY = "remove it, and the study goes on"


class Kind(NamedTuple):
    """A kind of objects. `limit` is its field of `StoreLimits`; `fault` says what is wrong with an object of a name."""

    model: Any
    limit: str
    fault: Callable[[str, Any], str | None] = lambda _name, _value: None


class Reader:
    """Reads objects, and remembers them. Used by one thread, for which up to `most_together` others read.

    Raises StoreError if the store fails; UnfitObject for an object that is too large or not what its name says.
    """

    def __init__(self, objects: Objects, limits: StoreLimits, memory: MemoryBudget, most_together: int) -> None:
        self._objects = objects
        self._limits = limits
        self._memory = memory
        self._together = most_together
        self._read: dict[str, Any] = {}
        self._share = memory.share(self._read.clear, limits.study)
        self._turn = Turn()

    @contextmanager
    def turn(self, turn: Turn) -> Iterator[None]:
        """Begin a turn: while it lasts, reading ends with the turn, and nothing is forgotten."""
        self._turn = turn
        with self._memory.use(self._share):
            try:
                yield
            finally:
                self._turn = Turn()

    def close(self) -> None:
        """Give back the memory: nothing is read any more."""
        self._memory.give_back(self._share)

    def all(self, names: Iterable[str], kind: Kind) -> list[Any]:
        """Return the objects of these names."""
        names = list(names)
        missing = [name for name in names if name not in self._read]
        together(lambda name: self.one(name, kind), missing, self._together)
        return [self._read[name] for name in names]

    def one(self, name: str, kind: Kind) -> Any:
        """Return the object of that name. Raises ObjectNotFound."""
        if name not in self._read:
            self._turn.begin()
            data = self._bytes(name, kind)
            value = self._understood(name, kind, data)
            try:
                self._memory.take(self._share, len(data))
            except UnfitObject as error:
                raise UnfitObject(f"{self._objects.uri}: {error} (limits.study): give the study fewer trials") from None
            self._read[name] = value
        return self._read[name]

    def remember(self, name: str, value: BaseModel, size: int) -> None:
        """Remember what was written under a name that was free. Where there is no memory, it is read when needed."""
        try:
            self._memory.take(self._share, size)
        except StoreError:
            return
        self._read[name] = value

    def _bytes(self, name: str, kind: Kind) -> bytes:
        limit: int = getattr(self._limits, kind.limit)
        try:
            return self._objects.get(name, limit)
        except ObjectTooLarge as error:
            raise UnfitObject(f"{error} (limits.{kind.limit}): {_REMEDY}") from error
        except UnfitObject as error:
            raise UnfitObject(f"{error}: {_REMEDY}") from error

    def _understood(self, name: str, kind: Kind, data: bytes) -> Any:
        try:
            value = _adapter(kind.model).validate_json(data)
            fault = kind.fault(name, value) or _wrong_number(value)
        except ValidationError as error:
            fault = ": ".join(part or "the object" for part in first_fault(error))
        if fault:
            raise UnfitObject(f"{self._objects.uri}/{name}: {fault}: {_REMEDY}")
        return value


def _wrong_number(value: Any, where: str = "") -> str | None:
    """Say which number is too large to calculate with. What was measured may be any number: a training may diverge."""
    match value:
        case BaseModel():
            fields = set(type(value).model_fields) - _MEASURED
            return _first(_wrong_number(getattr(value, name), f"{where}.{name}") for name in sorted(fields))
        case tuple():
            return _first(_wrong_number(each, f"{where}.{at}") for at, each in enumerate(value))
        case int() | float() if not abs(value) <= LARGEST_NUMBER:
            return f"{where.removeprefix('.')}: allowed are numbers up to {LARGEST_NUMBER:.0e}"
    return None


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
