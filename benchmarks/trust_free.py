"""Proxies that are read from the reference's own trials, whose noise is partly the reference's: tables of `trust.py`.

    python benchmarks/trust.py free

g is the correlation of the two arms' noise of the same hypothesis and seed: about .67 was measured where a learning
curve is read at a quarter of the run, .94 at half of it. Columns are as for `tau`: false (at most .05), refused,
covered where the true value is the threshold; where it is half way to 1, covered and power, of half as many studies.

**free**: tau at .8, and at .5, where shared noise may agree more closely than the true scores do. `tails`: noise is
heavy-tailed (Student's t of 3); `differs`: half of the hypotheses share so much more of their noise than g and the
others so much less as can be (at g = .5 all of it, and none); `unequal`, `ties`: as for `tau`.

**free other**: DecisionAccuracy at .9 and WinnerRegret at .8, likewise.

**free looks**: `certify` at four looks (3, 5, 7 and 10 seeds), of two epochs of one curve: one whose noise has a
correlation of .94 with the reference's, and an earlier one whose noise and true scores follow the later one's. `all`:
one is trusted falsely where both have a true tau of .8; `some`: the earlier one is, where the later one has .9, with
the power for that, and its seeds on average. Of a fifth as many studies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from trust_rates import CONFIDENCE, GOOD, TAU, decision_rates
from trust_studies import Cell, simulated

from assay.ranking import Criterion, Scores, certify
from assay.ranking.orders.tau import correlation_of

LOOKS = (3, 5, 7, 10)
LATER, EARLIER = 0.94, 0.67
"""The correlation of the noise of two epochs of one curve with that of its end."""
OF_WHAT_IS_WRONG = 0.8
"""The correlation of what is wrong with both epochs' true scores."""
DRAWS = 1000

Row = tuple[str, Callable[[int, np.random.Generator], str]]


def free_row(criterion: Criterion, cell: Cell, studies: int, generator: np.random.Generator) -> str:
    """Return one line of the first two tables."""
    better = (1 + criterion.threshold) / 2
    false, refused, covered = decision_rates(
        simulated(criterion, cell, criterion.threshold, studies, generator), criterion.threshold, generator
    )
    good = simulated(criterion, cell, better, max(studies // 2, 1), generator)
    power, _, covered_good = decision_rates(good, better, generator)
    name = f"{criterion.statistic} {criterion.threshold:g}"
    return f"{name:22s}{cell!s:44s}{false:7.3f}{refused:8.3f}{covered:8.3f}{covered_good:6.3f}{power:8.3f}"


def two_epochs(cell: Cell, taus: tuple[float, float], seeds: int, generator: np.random.Generator) -> list[Scores]:
    """Return the reference, and its own trials at a later and at an earlier epoch, with these true taus."""
    own, later, rest = generator.standard_normal((3, cell.hypotheses))
    wrong = later, OF_WHAT_IS_WRONG * later + np.sqrt(1 - OF_WHAT_IS_WRONG**2) * rest
    true = [own]
    for tau, part in zip(taus, wrong, strict=True):
        correlation = float(correlation_of(tau))
        true.append(correlation * own + np.sqrt(1 - correlation**2) * part)
    names, columns = tuple(map(str, range(cell.hypotheses))), tuple(range(seeds))
    noise = generator.standard_normal((3, cell.hypotheses, seeds))
    for at, shared in ((1, LATER), (2, EARLIER / LATER)):
        noise[at] = shared * noise[at - 1] + np.sqrt(1 - shared**2) * noise[at]
    return [
        Scores(names, columns, scores[:, None] + cell.noise * part) for scores, part in zip(true, noise, strict=True)
    ]


def looks_row(cell: Cell, studies: int, generator: np.random.Generator) -> str:
    """Return one line of the third table."""
    studies = max(studies // 5, 1)
    bad, good = TAU.threshold, GOOD
    false = some = power = 0
    seeds = []
    for taus in ((bad, bad), (good, bad)):
        for _ in range(studies):
            reference, later, earlier = two_epochs(cell, taus, LOOKS[-1], generator)
            arms = {"later": later, "earlier": earlier}
            found = certify(reference, arms, TAU, LOOKS, len(LOOKS), generator=generator, draws=DRAWS)
            trusted = {name for name, each in found.items() if each.decision == "Trusted"}
            if taus == (bad, bad):
                false += bool(trusted)
                continue
            some += "earlier" in trusted
            power += "later" in trusted
            seeds += [found["later"].seeds] if "later" in trusted else []
    mean = float(np.mean(seeds)) if seeds else np.nan
    return f"{cell!s:44s}{false / studies:7.3f}{some / studies:7.3f}{power / studies:8.3f}{mean:7.1f}"


def tables(*, fast: bool) -> Iterator[tuple[str, str, list[Row]]]:
    """Yield each table's name, heading, and rows."""
    half = Criterion("KendallTau", 0.5, CONFIDENCE)
    noises, counts = ((0.5, 1.0), (36,)) if fast else ((0.2, 0.5, 1.0), (12, 24, 36))
    cells = [
        (TAU, Cell(count, noise, shared=shared))
        for shared in (0.0, 0.5, 0.9, 0.97)
        for count in counts
        for noise in noises
    ]
    cells += [(half, Cell(36, noise, shared=shared)) for shared in (0.5, 0.9, 0.97) for noise in (0.5, 1.0)]
    cells += [(TAU, Cell(36, noise, 2, shared=shared)) for shared in (0.5, 0.97) for noise in (0.5, 1.0)]
    cells += [
        (TAU, Cell(36, noise, special=special, shared=shared))
        for special in ("tails", "differs", "unequal", "ties")
        for shared in (0.5, 0.97)
        for noise in (0.5, 1.0)
    ]
    heading = f"{'':66s}  false refused covered  half   power"
    yield "free", heading, [(f"free {cell}", partial(free_row, criterion, cell)) for criterion, cell in cells]
    others = Criterion("DecisionAccuracy", 0.9, CONFIDENCE), Criterion("WinnerRegret", 0.8, CONFIDENCE)
    yield (
        "free other",
        heading,
        [
            (f"free other {criterion.statistic} {cell}", partial(free_row, criterion, cell))
            for criterion in others
            for count in ((36,) if fast else (12, 36))
            for shared in (0.5, 0.97)
            for noise in ((1.0,) if fast else (0.2, 1.0))
            for cell in (Cell(count, noise, shared=shared),)
        ],
    )
    yield (
        "free looks",
        f"{'':44s}    all   some   power  seeds",
        [
            (f"free looks {cell}", partial(looks_row, cell))
            for cell in ((Cell(36, 0.5),) if fast else (Cell(12, 0.5), Cell(36, 0.5), Cell(36, 1.0)))
        ],
    )
