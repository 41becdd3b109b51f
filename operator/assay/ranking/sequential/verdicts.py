"""Verdicts: every hypothesis against the baseline, with the difference and its interval.

Differences are paired by seed. Seeds may be added one by one while looking after each (`initial` < `maximum`), or all
be fixed beforehand.

**Fixed beforehand.** If the seeds show plainly unequal noise (`unequal_noise`), variances are believed to have no more
degrees of freedom than a hypothesis has seeds: on the noise of recorded runs, any verdict is false in .01 to .05 of
studies, where without it .01 to .17 are. In a difference's standard error, the hypothesis and the baseline each count
with the larger of their own and the pooled variance, with the seed effects taken out. How often any of the intervals
misses if all noise is taken for alike, at 95 % confidence, by simulation (8, 16, 36 hypotheses; standard error .004):

    noise                               3 seeds         5 seeds
    equal                               .02 to .03      .03 to .04
    half the hypotheses 3 times         .03             .02
    one hypothesis 4 times              .06             .03 to .04
    the baseline 1.5 times              .06 to .07      .05 to .06
    the baseline 3 times                .11             .07 to .08

With the larger of the pair's own and the pooled variance, intervals are 1 % shorter and miss more often (.15 to .20 and
.10 to .13 in the last row). With Bonferroni's bound in place of Dunnett's value they are longer, and nothing is gained.

**Looking after each seed.** The bounds hold over all looks (`group_sequential`). The noise of a difference lies between
its own and that of the others (`moderated_noise`). Those that differ make it easier for the rest
(`sequential_verdicts`). A hypothesis that can hardly be decided any more gets no more seeds (`futility`).
`benchmarks/decisions.py` has what this saves and how often it errs.

**On fresh examples.** Seeds show how a difference varies on the held-out examples that there are. How much it varies
with these is added if it is given (`example_errors`); `benchmarks/in_the_wild.py` has how often intervals hold the
difference on fresh examples with it, and without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray
from assay.ranking.distributions import t_above
from assay.ranking.scores import Scores
from assay.ranking.sequential.critical_values import dunnett_critical_value
from assay.ranking.sequential.example_errors import ExampleErrors, last_positions
from assay.ranking.sequential.group_sequential import (
    GroupSequentialDesign,
    as_t,
    group_sequential_design,
    level_of_one_in_many,
    normal_bound,
)
from assay.ranking.sequential.moderated_noise import InitialNoise, believed_at_one_look
from assay.ranking.sequential.paired_looks import PairedLooks
from assay.ranking.sequential.sequential_verdicts import follow

Verdict = Literal["Better", "Worse", "Equivalent", "Inconclusive"]


@dataclass(frozen=True)
class Comparison:
    """One hypothesis against the baseline, in the metric's units; a positive difference is better."""

    hypothesis: str
    seeds: int
    """The number of seeds that the difference is the mean over: those that both have, until the verdict was reached."""
    difference: float | None
    """The mean over these seeds; None if there are none."""
    low: float | None
    """The lower end of the interval; None where the noise is not known."""
    high: float | None
    """The upper end."""
    verdict: Verdict
    decided_at: int | None = None
    """The number of seeds at which the verdict was reached, which more seeds don't change; None without a verdict."""
    is_open: bool = False
    """Whether more seeds, up to the maximum, may still decide it."""
    is_futile: bool = False
    """Whether a verdict by the maximum is improbable."""
    limited_by_examples: bool = False
    """Whether most of the noise that is left at the maximum is that of the held-out examples, not of the seeds."""


def compare_with_baseline(
    reference: Scores,
    baseline: str,
    *,
    smallest_effect: float,
    confidence: float,
    family_wise: bool = True,
    initial: int | None = None,
    maximum: int | None = None,
    earlier_maxima: tuple[int, ...] = (),
    removed: int = 0,
    fresh: ExampleErrors | None = None,
) -> tuple[Comparison, ...]:
    """Compare all hypotheses but the baseline with it, in the order of `reference`.

    A verdict is Equivalent if the interval lies within +- `smallest_effect`, whatever else holds; Better if the
    interval lies above 0; Worse if below; otherwise Inconclusive. Without an interval it is Inconclusive too: with
    fewer than two seeds (or than `initial`) in common with the baseline, with no degree of freedom for the noise, and
    where no seed changes the scores, as these don't show the noise.

    `initial` < `maximum`: the verdict is that of the first number of common seeds, from `initial` to `maximum`, at
    which one is reached. The difference and its interval are those of that look, and later seeds do not change them;
    the seeds of other hypotheses can only bring a verdict forward. The interval may reach farther away from 0 than
    towards it, since more certainty is asked for to call hypotheses equivalent than to call them different. Otherwise
    (or without these two) there is one look, at a number of seeds that was fixed beforehand.

    `earlier_maxima`: those that there were before, rising, each below `maximum`: looks up to an earlier one keep the
    bounds that they had. The first may be `initial`: the verdicts at a number of seeds that was fixed then stay, and
    those looks come after. `removed`: how many hypotheses more were compared with the baseline, and are not in
    `reference` any more: they count as comparisons all the same.

    `family_wise`: the probability of any false verdict is at most 1 - `confidence` (at one look, that of any interval
    that misses its difference). Otherwise 1 - `confidence` is the expected share of false verdicts among those that are
    Better or Worse (while looking, among all verdicts): Benjamini & Hochberg 1995, with the intervals of Benjamini &
    Yekutieli 2005.

    `fresh`: differences are those on fresh examples, of which the held-out ones add so much to the variance. A
    hypothesis of which that is not known has no interval.

    Raises KeyError if the baseline is not there, ValueError on a confidence, an effect or numbers of seeds that are out
    of range.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}, allowed are values between 0 and 1, both excluded")
    if not smallest_effect >= 0:
        raise ValueError(f"smallest_effect: {smallest_effect}, allowed are values from 0 on")
    at = reference.row(baseline)
    if initial is None or maximum is None or initial == maximum:
        return _one_look(reference, at, smallest_effect, confidence, family_wise, removed, fresh)
    design = group_sequential_design(initial, maximum, earlier=earlier_maxima)
    looking = partial(
        _looking_after_each_seed,
        reference,
        at,
        design,
        smallest_effect,
        confidence,
        removed,
        fresh,
        family_wise=family_wise,
    )
    if initial not in earlier_maxima:
        return looking()
    fixed = _one_look(reference.first_seeds(initial), at, smallest_effect, confidence, family_wise, removed, fresh)
    return tuple(
        _decided_at_once(first, later, initial)
        for first, later in zip(fixed, looking(first_was_fixed=True), strict=True)
    )


def _decided_at_once(first: Comparison, later: Comparison, initial: int) -> Comparison:
    """Return the verdict at the number of seeds that was fixed at first, if there was one, else the later one."""
    if first.verdict != "Inconclusive":
        return replace(first, decided_at=initial)
    if later.seeds > initial:
        return later
    limited = later.limited_by_examples
    return replace(first, is_open=later.is_open, is_futile=later.is_futile, limited_by_examples=limited)


def _one_look(
    reference: Scores,
    at: int,
    smallest_effect: float,
    confidence: float,
    family_wise: bool,
    removed: int,
    fresh: ExampleErrors | None,
) -> tuple[Comparison, ...]:
    table, others = _paired(reference, at)
    difference, counts = table.means, table.counts
    noise, variances = reference.noise, reference.cautious_variances
    of_examples = np.zeros(len(counts))
    if fresh is not None:
        of_examples = fresh.at(table, last_positions(table.present, counts[:, None]))[:, 0]
    known = (counts >= 2) & np.isfinite(of_examples)
    half_width = np.full(difference.shape, np.nan)
    if noise is not None and variances is not None and known.any():
        error = np.sqrt((variances[others][known] + variances[at]) / counts[known] + of_examples[known])
        comparisons, few = int(known.sum()) + removed, believed_at_one_look(reference, counts[known])
        degrees: FloatArray | int = noise.degrees_of_freedom if few is None else few
        if not family_wise:
            critical: FloatArray | float = _false_discovery_critical_values(
                np.abs(difference[known]) / error, degrees, confidence, removed
            )
        elif isinstance(degrees, int):
            critical = dunnett_critical_value(comparisons, degrees, confidence)
        else:
            critical = as_t(normal_bound(level_of_one_in_many(comparisons, confidence)), degrees)
        half_width[known] = critical * error
    return tuple(
        _comparison(name, int(count), float(middle), float(half), smallest_effect)
        for name, count, middle, half in zip(table.hypotheses, counts, difference, half_width, strict=True)
    )


def _looking_after_each_seed(
    reference: Scores,
    at: int,
    design: GroupSequentialDesign,
    smallest_effect: float,
    confidence: float,
    removed: int,
    fresh: ExampleErrors | None,
    *,
    family_wise: bool,
    first_was_fixed: bool = False,
) -> tuple[Comparison, ...]:
    """Compare by looks. `first_was_fixed`: at the first one, nothing is decided here."""
    table, others = _paired(reference, at)
    noise = InitialNoise.of(reference, design.initial)
    if noise is None or not others.any():
        # scores that no seed changes won't show noise at later seeds either
        is_open = reference.noise is None
        return tuple(
            replace(_comparison(name, int(count), float(mean), np.nan, smallest_effect), is_open=is_open)
            for name, count, mean in zip(table.hypotheses, table.counts, table.means, strict=True)
        )
    design = noise.shaped(design)
    pairs = PairedLooks.build(reference, np.flatnonzero(others), at, design, noise)
    if fresh is not None:
        counts = np.broadcast_to(design.seeds.astype(np.int64), pairs.differences.shape)
        pairs = pairs.about_fresh_examples(fresh.at(table, last_positions(table.present, counts)))
    if first_was_fixed:
        pairs = pairs.without_the_first()
    followed = follow(pairs, smallest_effect, confidence, family_wise=family_wise, removed=removed)
    found = []
    for row, name in enumerate(table.hypotheses):
        look, decided = int(followed.shown_look[row]), bool(followed.equivalent[row] or followed.different[row])
        seeds = design.initial + look if look >= 0 else int(table.counts[row])
        difference = float(pairs.differences[row, look] if look >= 0 else table.means[row])
        verdict: Verdict = "Inconclusive"
        if decided:
            verdict = "Equivalent" if followed.equivalent[row] else "Better" if difference > 0 else "Worse"
        inner, outer = float(followed.towards_zero[row]), float(followed.away_from_zero[row])
        below, above = inner if difference > 0 else outer, inner if difference < 0 else outer
        known = bool(np.isfinite(inner))
        found.append(
            Comparison(
                name,
                seeds,
                None if np.isnan(difference) else difference,
                difference - below if known else None,
                difference + above if known else None,
                verdict,
                decided_at=seeds if decided else None,
                is_open=not decided and not followed.futile[row] and seeds < design.maximum,
                is_futile=bool(followed.futile[row]),
                limited_by_examples=known and bool(pairs.lasts_most[row, look]),
            )
        )
    return tuple(found)


def _paired(reference: Scores, at: int) -> tuple[Scores, BoolArray]:
    """Return the differences of all other rows from row `at`, seed by seed, and (rows,) which these others are."""
    others = np.arange(len(reference.hypotheses)) != at
    names = tuple(name for name, other in zip(reference.hypotheses, others, strict=True) if other)
    return Scores(names, reference.seeds, (reference.values - reference.values[at])[others]), others


def _comparison(
    hypothesis: str, seeds: int, difference: float, half_width: float, smallest_effect: float
) -> Comparison:
    if np.isnan(half_width):
        return Comparison(hypothesis, seeds, None if np.isnan(difference) else difference, None, None, "Inconclusive")
    low, high = difference - half_width, difference + half_width
    verdict: Verdict = "Inconclusive"
    if low >= -smallest_effect and high <= smallest_effect:
        verdict = "Equivalent"
    elif low > 0:
        verdict = "Better"
    elif high < 0:
        verdict = "Worse"
    return Comparison(hypothesis, seeds, difference, low, high, verdict)


def _false_discovery_critical_values(
    t: FloatArray, degrees_of_freedom: FloatArray | int, confidence: float, removed: int
) -> FloatArray:
    """Return the critical values of intervals at level 1 - R (1 - confidence) / m, with R discoveries among m; of these
    `removed` are not in `t`.

    These intervals exclude 0 for just the discoveries (Benjamini & Yekutieli 2005).
    """
    p_values = np.sort(2 * t_above(t, degrees_of_freedom))
    levels = (1 - confidence) * np.arange(1, len(t) + 1) / (len(t) + removed)
    discoveries = np.flatnonzero(p_values <= levels)
    level = levels[discoveries[-1]] if len(discoveries) else levels[0]
    return as_t(normal_bound(level), degrees_of_freedom)
