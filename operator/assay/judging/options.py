"""What a caller says of how past runs are judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from assay.api.errors import InvalidInput, Problem
from assay.api.resources import Goal, OnFailure

DEFAULT_THRESHOLD = 0.8
DEFAULT_CONFIDENCE = 95


@dataclass(frozen=True)
class JudgingOptions:
    """How past runs are judged. Make it with `of`, which checks what a caller gives.

    reference, baseline, proxies: as the table calls them; what is left out is chosen, or is not there.
    goal: None: by the name of the score.
    threshold: tau that a trusted proxy reaches; above 0, below 1.
    confidence: of certificates, and of all verdicts together, in percent; 50 to 99.
    failure_score: what a failed run counts as, with `on_failure` Score.
    smallest_effect: the smallest difference that matters, in the score's unit; 0 or more.
    place, option: how errors and advice call the caller and an option, as `assay judge` and `--{}`.
    """

    reference: str | None = None
    baseline: str | None = None
    proxies: tuple[str, ...] = ()
    goal: Goal | None = None
    threshold: float = DEFAULT_THRESHOLD
    confidence: int = DEFAULT_CONFIDENCE
    on_failure: OnFailure = OnFailure.UNSTABLE
    failure_score: float | None = None
    smallest_effect: float = 0.0
    place: str = "assay judge"
    option: str = "--{}"

    def called(self, name: str) -> str:
        """Return what the caller calls an option."""
        if not self.option.startswith("-"):
            name = {"proxy": "proxies"}.get(name, name.replace("-", "_"))
        return self.option.format(name)

    @classmethod
    def of(
        cls,
        *,
        reference: object = None,
        baseline: object = None,
        proxies: tuple[object, ...] = (),
        goal: str | None = None,
        threshold: float = DEFAULT_THRESHOLD,
        confidence: float = DEFAULT_CONFIDENCE,
        on_failure: str | float = "unstable",
        smallest_effect: float = 0.0,
        place: str = "assay judge",
        option: str = "--{}",
    ) -> Self:
        """Return the options, checked. Arms and hypotheses may be given as numbers.

        `goal` is maximize or minimize; `confidence` is in percent or as a share; `on_failure` is unstable, ignore, or
        the score that a failed run counts as. Raises InvalidInput.
        """
        problems: list[Problem] = []

        def wrong(name: str, given: object, allowed: str) -> None:
            called = name.replace("_", "-") if option.startswith("-") else name
            problems.append(Problem(place, option.format(called), repr(given), allowed))

        goals = {"maximize": Goal.MAXIMIZE, "minimize": Goal.MINIMIZE, "max": Goal.MAXIMIZE, "min": Goal.MINIMIZE}
        turned = goals.get(str(goal).lower().replace("ise", "ize")) if goal is not None else None
        if goal is not None and turned is None:
            wrong("goal", goal, "maximize or minimize")
        if not _is_number(threshold) or not 0 < threshold < 1:
            wrong("threshold", threshold, "a tau above 0 and below 1")
        percent = confidence if _is_number(confidence) else math.nan
        percent = 100 * percent if 0 < percent < 1 else percent
        whole = round(percent) if math.isfinite(percent) else 0
        if not 50 <= whole <= 99 or abs(percent - whole) > 1e-9:
            wrong("confidence", confidence, "50 to 99, in whole percent")
        handling, score = _on_failure(on_failure)
        if handling is None:
            wrong("on_failure", on_failure, "unstable, ignore, or the score that a failed run counts as")
        if not _is_number(smallest_effect) or not 0 <= smallest_effect < math.inf:
            wrong("smallest_effect", smallest_effect, "a difference of 0 or more, in the score's unit")
        if problems:
            raise InvalidInput(problems)
        assert handling is not None
        return cls(
            reference=_named(reference),
            baseline=_named(baseline),
            proxies=tuple(str(each) for each in proxies),
            goal=turned,
            threshold=threshold,
            confidence=whole,
            on_failure=handling,
            failure_score=score,
            smallest_effect=smallest_effect,
            place=place,
            option=option,
        )


def _named(given: object) -> str | None:
    return None if given is None else str(given)


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _on_failure(given: str | float) -> tuple[OnFailure | None, float | None]:
    words = {"unstable": OnFailure.UNSTABLE, "ignore": OnFailure.IGNORE}
    if isinstance(given, str) and given.lower() in words:
        return words[given.lower()], None
    try:
        score = float(given) if not isinstance(given, bool) else math.nan
    except (TypeError, ValueError):
        return None, None
    return (OnFailure.SCORE, score) if math.isfinite(score) else (None, None)
