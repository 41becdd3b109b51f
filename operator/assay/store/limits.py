"""How much is read for one study: others write what is read, by mistake or on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from assay_trainer.objects import OBJECT_BYTES

_KI, _MI, _ANY = 1 << 10, 1 << 20, 1 << 62


@dataclass(frozen=True)
class StoreLimits:
    """Bytes, where it says nothing else. What is over a limit is not read, and its study says so."""

    manifest: int = 4 * _MI
    """Of a data set's manifest.json."""
    result: int = _MI
    """Of the result of a trial or a preparation."""
    record: int = 256 * _KI
    """Of everything else that a study has in the store: failed attempts, marks of what was started, certificates."""
    study: int = 256 * _MI
    """Of memory, about, that all that was read for one study may take."""
    memory: int = 320 * _MI
    """Of memory, about, that all that was read for all studies may take."""
    names: int = 200_000
    """Names of objects of one study: of results, of attempts, of each other kind."""
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
"""Where the store is the user's own, and so is the memory."""
