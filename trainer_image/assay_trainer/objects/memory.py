"""Objects in this process's memory, for replays, of which nothing should remain."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from assay_trainer.objects.errors import ObjectNotFound, ObjectTooLarge, TooManyObjects
from assay_trainer.objects.limits import EVERYTHING, LISTED_NAMES, OBJECT_BYTES, Beginnings
from assay_trainer.objects.names import checked_name, checked_prefix, checked_removable


class MemoryObjects:
    """Objects in memory; see the `Objects` protocol."""

    def __init__(self, uri: str = "memory://replay") -> None:
        self._uri = uri
        self._objects: dict[str, bytes] = {}

    @property
    def uri(self) -> str:
        return self._uri

    def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
        data = self._get(name)
        if len(data) > limit:
            raise ObjectTooLarge(f"{self._uri}/{name}", len(data), limit)
        return data

    def read_into(self, name: str, start: int, buffer: memoryview) -> int:
        part = self._get(name)[start : start + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def stamp(self, name: str) -> Sequence[str | int]:
        data = self._get(name)
        return (hashlib.sha256(data).hexdigest(), len(data))

    def put_if_absent(self, name: str, data: bytes) -> bool:
        if checked_name(name) in self._objects:
            return False
        self._objects[name] = data
        return True

    def remove(self, name: str) -> None:
        self._objects.pop(checked_removable(name), None)

    def list(self, prefix: str, beginnings: Collection[str] = EVERYTHING, limit: int = LISTED_NAMES) -> Sequence[str]:
        wanted = Beginnings([checked_prefix(prefix) + each for each in beginnings])
        names = sorted(wanted.of(self._objects))
        if len(names) > limit:
            raise TooManyObjects(f"{self._uri}/{prefix}", limit)
        return names

    def _get(self, name: str) -> bytes:
        try:
            return self._objects[checked_name(name)]
        except KeyError:
            raise ObjectNotFound(f"{self._uri}/{name}") from None
