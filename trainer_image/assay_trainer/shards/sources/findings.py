"""What was found in somebody's data beside what is used: counted by kind, with examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from assay_trainer.described import bounded, printable

EXAMPLES = 3
MOST_KINDS = 20
NO_IMAGES = "which are no images"
"""The ending of kinds that are no images, whose absence matters least."""

_PATH_CHARACTERS = 120


@dataclass(frozen=True)
class LeftOut:
    """Things of one kind that are not used: their number, and the first few of them by name."""

    kind: str
    count: int
    examples: tuple[str, ...]


@dataclass
class Findings:
    """Collects what is left out, and notes on how the rest was understood."""

    notes: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, kind: str, example: str, count: int = 1) -> None:
        """Count something that is not used. A kind reads as the end of `3 …`."""
        self._counts[kind] += count
        examples = self._examples.setdefault(kind, [])
        if len(examples) < EXAMPLES:
            examples.append(bounded(printable(example).replace("\n", "\\n"), _PATH_CHARACTERS))

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Return the kinds: images first, then the most frequent ones, and the rest as one kind."""
        ordered = sorted(self._counts.items(), key=lambda each: (each[0].endswith(NO_IMAGES), -each[1], each[0]))
        found = [LeftOut(kind, count, tuple(self._examples[kind])) for kind, count in ordered[:MOST_KINDS]]
        if rest := ordered[MOST_KINDS:]:
            examples = tuple(self._examples[kind][0] for kind, _ in rest[:EXAMPLES])
            found.append(LeftOut("of other kinds", sum(count for _, count in rest), examples))
        return tuple(found)
