"""The one interface to storage; its conformance suite is tests/builders/objects_conformance.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from assay_trainer.objects.limits import EVERYTHING, LISTED_NAMES, OBJECT_BYTES


class Objects(Protocol):
    """Immutable objects by name under a prefix. None is overwritten, and only checkpoints are ever removed.

    A name is one or more parts of `[A-Za-z0-9._-]`, joined by `/`; a part does not begin with a dot. Anything else
    raises ValueError. Every method raises StoreError when the storage fails, or when it answers so slowly that the call
    might never end. Others write there, too: nothing is read beyond its limit, however large an object is or claims to
    be.
    """

    @property
    def uri(self) -> str:
        """The URI of the prefix, without a slash at the end."""
        ...

    def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
        """Return the whole object. Raises ObjectNotFound; ObjectTooLarge if it has more than `limit` bytes; UnfitObject
        if it is a device, a pipe or a folder."""
        ...

    def read_into(self, name: str, start: int, buffer: memoryview) -> int:
        """Fill `buffer`, writable bytes, with the object's bytes from byte `start` on; return how many came, fewer at
        the object's end. Raises as `get`; then the buffer may hold anything.

        So blocks of a shard are read without the rest of it, and without a copy on the way.
        """
        ...

    def stamp(self, name: str) -> Sequence[str | int]:
        """Return a text that tells one version of an object from another, without reading it. Raises ObjectNotFound."""
        ...

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Write the object, whole or not at all. Returns False and changes nothing if the name is taken."""
        ...

    def remove(self, name: str) -> None:
        """Remove a checkpoint, or nothing if it is not there. Raises ValueError for any other kind of object."""
        ...

    def list(self, prefix: str, beginnings: Collection[str] = EVERYTHING, limit: int = LISTED_NAMES) -> Sequence[str]:
        """Return the names that begin with `prefix` (a whole folder: it ends with `/`, or is empty for all names),
        sorted.

        With `beginnings`, only names that continue with one of them are returned: so a few names among millions take
        little time and memory. Raises TooManyObjects for more than `limit` names.
        """
        ...
