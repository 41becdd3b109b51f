"""Objects in this process' memory: for replays, where nothing should outlive the run."""

from __future__ import annotations

from collections.abc import Sequence

from assay_trainer.objects.errors import ObjectNotFound
from assay_trainer.objects.names import checked_name, checked_prefix


class MemoryObjects:
    """See the `Objects` protocol."""

    def __init__(self, uri: str = "memory://replay") -> None:
        self._uri = uri
        self._objects: dict[str, bytes] = {}

    @property
    def uri(self) -> str:
        return self._uri

    def get(self, name: str) -> bytes:
        try:
            return self._objects[checked_name(name)]
        except KeyError:
            raise ObjectNotFound(f"{self._uri}/{name}") from None

    def read_range(self, name: str, start: int, length: int) -> bytes:
        return self.get(name)[start : start + length]

    def put_if_absent(self, name: str, data: bytes) -> bool:
        if checked_name(name) in self._objects:
            return False
        self._objects[name] = data
        return True

    def list(self, prefix: str) -> Sequence[str]:
        checked_prefix(prefix)
        return sorted(name for name in self._objects if name.startswith(prefix))
