"""The notes of a result: a few short lines, whatever was given."""

from __future__ import annotations

from collections.abc import Sequence

from assay_trainer.described import bounded, printable

MOST_NOTES = 20
NOTE_CHARACTERS = 300


def bounded_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Return the first notes, each cut; the last one counts the rest."""
    shown = [bounded(printable(note), NOTE_CHARACTERS) for note in notes[:MOST_NOTES]]
    if len(notes) > MOST_NOTES:
        shown[-1] = f"{len(notes) - MOST_NOTES + 1:,} more notes"
    return tuple(shown)
