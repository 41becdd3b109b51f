"""The checkpoints of one course of training in the store: the last ones are kept, earlier ones are removed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay_trainer.contract import checkpoint_name, checkpoints_folder
from assay_trainer.objects import Objects

KEPT = 2
"""How many checkpoints of an open trial are kept: if the last one is damaged, the one before serves."""

_NAME = re.compile(r"[0-9]{6}\.state", re.ASCII)

_MOST_NAMES = 1000
"""More than so many names in the folder were not made by us."""


class KeptCheckpoints:
    """A numbered sequence of objects. Its methods raise StoreError."""

    def __init__(self, store: Objects, key: str) -> None:
        self._store, self._key = store, key
        self._numbers: list[int] | None = None

    def newest_first(self) -> Iterator[str]:
        """Yield the names of the checkpoints, the last one first."""
        return (checkpoint_name(self._key, number) for number in reversed(self._known()))

    def put(self, data: bytes) -> str:
        """Write the next checkpoint and return its name."""
        numbers = self._known()
        number = numbers[-1] + 1 if numbers else 1
        while not self._store.put_if_absent(checkpoint_name(self._key, number), data):
            number += 1  # another trial of the same course writes here, too
        numbers.append(number)
        return checkpoint_name(self._key, number)

    def keep(self, most: int) -> None:
        """Remove all but the last ones."""
        numbers = self._known()
        for number in numbers[: max(0, len(numbers) - most)]:
            self._store.remove(checkpoint_name(self._key, number))
            numbers.remove(number)

    def _known(self) -> list[int]:
        """Return the numbers of the checkpoints that are there, in their order; looked up once."""
        if self._numbers is None:
            folder = checkpoints_folder(self._key)
            names = self._store.list(folder, limit=_MOST_NAMES)
            self._numbers = sorted(int(name[-12:-6]) for name in names if _NAME.fullmatch(name.removeprefix(folder)))
        return self._numbers
