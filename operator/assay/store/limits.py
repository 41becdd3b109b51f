"""How much is read for one study: what others write may be too much, by mistake or on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from assay_trainer.contract import RESULT_BYTES
from assay_trainer.objects import OBJECT_BYTES

_KI, _MI, _ANY = 1 << 10, 1 << 20, 1 << 62


@dataclass(frozen=True)
class StoreLimits:
    """Limits in bytes, unless they say something else. What is over a limit is not read, and its study says so."""

    manifest: int = 4 * _MI
    """The size of a data set's manifest.json."""
    result: int = RESULT_BYTES
    """The size of the result of a trial or a preparation."""
    record: int = 256 * _KI
    """The size of everything else that a study has in the store: failed attempts, marks of starts, certificates."""
    study: int = 256 * _MI
    """About how much memory all that was read for one study may take."""
    memory: int = 320 * _MI
    """About how much memory all that was read for all studies may take."""
    names: int = 200_000
    """How many names of objects of each kind one study may have: of results, of attempts, of every other kind."""
    hypotheses: int = 2_000
    """Hypotheses that a study may select."""


ON_ONE_MACHINE = StoreLimits(
    manifest=OBJECT_BYTES,
    result=OBJECT_BYTES,
    record=OBJECT_BYTES,
    study=_ANY,
    memory=_ANY,
    names=_ANY,
    hypotheses=_ANY,
)
"""The limits where the store is the user's own, and so is the memory."""
