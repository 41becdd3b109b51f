"""Rows of `in_the_wild.py` on test-set error: is what a verdict says true of fresh examples, too?

Hypotheses answer examples rightly or wrongly. An example has a difficulty, the same for all; each hypothesis has a
skill, and what it finds harder or easier than others do, example by example; and from seed to seed some answers flip.
Examples and seeds are both drawn anew for each study. *Without*: verdicts about the held-out examples that there are.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import scipy
from wild_rows import Measured, Row

from assay.ranking import Comparison, ExampleErrors, Scores, compare_with_baseline, example_variances
from assay.ranking.arrays import FloatArray

HYPOTHESES = 12
INITIAL, MAXIMUM = 3, 10
MARGIN = 0.01
"""The smallest effect, in accuracy."""
TASTE, FLIPS, DIFFICULTY = 0.4, 0.5, 2.0
"""Standard deviations, on the scale of the logit-like margin of an answer: of what a hypothesis finds harder than
others do, of what a seed changes, of how hard examples are."""
GAIN = 0.04
"""How far better hypotheses may be than the baseline, in accuracy, where any are."""


def simulate(
    examples: int, spread: float, measure: str, generator: np.random.Generator, _number: int, _table: Path | None
) -> Measured:
    """Simulate one study with so many held-out examples, and judge it with and without.

    `spread`: of the hypotheses' true accuracies; 0: they are all equal. `measure`: what `false` counts: "interval", the
    share of the intervals that miss the difference on fresh examples; "verdict": whether any verdict is false.
    """
    truth = np.zeros(HYPOTHESES) if spread == 0 else generator.uniform(-spread, spread, HYPOTHESES)
    truth[0] = 0.0
    # an accuracy is the probability that skill - difficulty + taste + flip is above 0
    deviation = np.sqrt(DIFFICULTY**2 + TASTE**2 + FLIPS**2)
    skill = deviation * scipy.special.ndtri(0.85 + truth)
    margins = skill[:, None] - generator.normal(0, DIFFICULTY, examples)
    margins = margins + generator.normal(0, TASTE, (HYPOTHESES, examples))
    flips = generator.normal(0, FLIPS, (HYPOTHESES, MAXIMUM, examples))
    correct = (margins[:, None, :] + flips > 0).astype(np.float64)
    names = tuple(f"h{row}" for row in range(HYPOTHESES))
    scores = Scores(names, tuple(range(MAXIMUM)), correct.mean(axis=2))
    fresh = ExampleErrors(
        {
            name: tuple(example_variances(correct[row] - correct[0], examples).tolist())
            for row, name in enumerate(names)
            if row
        }
    )
    values: dict[str, float] = {}
    for suffix, errors in (("_before", None), ("", fresh)):
        found = compare_with_baseline(
            scores,
            "h0",
            smallest_effect=MARGIN,
            confidence=0.95,
            initial=INITIAL,
            maximum=MAXIMUM,
            fresh=errors,
        )
        judged = _judged(found, truth[1:])
        values |= {f"{name}{suffix}": value for name, value in judged.items() if name in ("power", "seeds")}
        values[f"false{suffix}"] = judged[measure]
    return Measured(values)


def _judged(found: tuple[Comparison, ...], truth: FloatArray) -> dict[str, float]:
    right = {
        "Better": truth > 0,
        "Worse": truth < 0,
        "Equivalent": np.abs(truth) <= MARGIN,
    }
    verdicts = [each.verdict for each in found]
    true = [verdict == "Inconclusive" or bool(right[verdict][row]) for row, verdict in enumerate(verdicts)]
    said = [verdict != "Inconclusive" and ok for verdict, ok in zip(verdicts, true, strict=True)]
    missed = [
        each.low is not None and each.high is not None and not each.low <= truth[row] <= each.high
        for row, each in enumerate(found)
    ]
    return {
        "verdict": float(not all(true)),
        "interval": float(np.mean(missed)),
        "power": float(np.mean(said)),
        "seeds": float(np.mean([each.decided_at or (INITIAL if each.is_futile else MAXIMUM) for each in found]))
        / MAXIMUM,
    }


ROWS = tuple(
    Row(f"examples {examples} {words}", partial(simulate, examples, spread, measure))
    for measure, words, spread in (
        ("verdict", "all equal, any verdict", 0.0),
        ("interval", "intervals that miss", GAIN),
    )
    for examples in (100, 300, 1000)
)
