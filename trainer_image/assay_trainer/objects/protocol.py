"""The one interface to storage; its conformance suite is tests/unit/objects_conformance.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Objects(Protocol):
    """Immutable objects by name under a prefix.

    A name is one or more parts of `[A-Za-z0-9._-]`, joined by `/`; a part does not begin with a dot.
    Anything else raises ValueError. Every method raises StoreError when the storage fails.
    """

    @property
    def uri(self) -> str:
        """URI of the prefix, without a slash at the end."""
        ...

    def get(self, name: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""
        ...

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on, fewer at the object's end. Raises ObjectNotFound."""
        ...

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Write the object whole, or not at all; False, and nothing changes, if the name is taken."""
        ...

    def list(self, prefix: str) -> Sequence[str]:
        """Names that begin with `prefix` (a whole folder: ends with `/`, or is empty for all), sorted."""
        ...
