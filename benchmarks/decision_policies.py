"""The planner's ways to decide, applied seed by seed to simulated studies."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
from decision_studies import (
    CODES,
    CONFIDENCE,
    INITIAL,
    MARGIN,
    MAXIMUM,
    SimulatedStudy,
    Tally,
    add_choice,
    add_verdicts,
    missed,
    run,
    studies,
)

from assay.ranking import (
    BestSet,
    Comparison,
    Scores,
    best_candidates,
    compare_with_baseline,
)
from assay.ranking.sequential import open_questions, sequential_verdicts, unequal_noise


def assay_verdicts(tally: Tally, study: SimulatedStudy, family_wise: bool) -> None:
    """Decide as the planner does: each open hypothesis gets a seed, and the baseline with it."""

    def compare(scores: Scores) -> tuple[Comparison, ...]:
        return compare_with_baseline(
            scores,
            "h0",
            smallest_effect=MARGIN,
            confidence=CONFIDENCE,
            family_wise=family_wise,
            initial=INITIAL,
            maximum=MAXIMUM,
        )

    def wanted(scores: Scores) -> set[int]:
        rows = {scores.row(one.hypothesis) for one in compare(scores) if one.is_open}
        return rows | {0} if rows else rows

    counts = run(study, INITIAL, wanted)
    found = compare(study.after(counts))
    differences = study.true[1:] - study.true[0]
    add_verdicts(tally, np.array([CODES[one.verdict] for one in found]), differences, MARGIN, family_wise)
    tally.add(trials=counts.sum() / (MAXIMUM * len(counts)), missed=missed(found, differences))


def fixed_verdicts(tally: Tally, study: SimulatedStudy, family_wise: bool) -> None:
    """Decide once, with 10 seeds for all."""
    found = compare_with_baseline(
        study.scores, "h0", smallest_effect=MARGIN, confidence=CONFIDENCE, family_wise=family_wise
    )
    differences = study.true[1:] - study.true[0]
    add_verdicts(tally, np.array([CODES[one.verdict] for one in found]), differences, MARGIN, family_wise)
    tally.add(trials=1.0, missed=missed(found, differences))


def chosen(scores: Scores, among: tuple[str, ...]) -> int:
    """Return the row of the hypothesis with the best mean."""
    rows = [scores.row(name) for name in among]
    return rows[int(np.argmax(scores.adjusted_means[rows]))]


def assay_best(tally: Tally, study: SimulatedStudy, initial: int) -> None:
    """Choose as the planner does: each open hypothesis gets a seed; in the end the candidate with the best mean is
    taken."""

    def best(scores: Scores) -> BestSet:
        return best_candidates(scores, smallest_effect=MARGIN, confidence=CONFIDENCE, initial=initial, maximum=MAXIMUM)

    counts = run(study, initial, lambda scores: {scores.row(name) for name in best(scores).open})
    scores = study.after(counts)
    candidates = best(scores).candidates
    add_choice(tally, study, chosen(scores, candidates), float(counts.sum()))
    tally.add(candidates=len(candidates), held=f"h{study.true.argmax()}" in candidates)


def print_choices(count: int, seed: int) -> None:
    """Print what other values of the constants do: each row changes one."""
    chosen_values: list[tuple[ModuleType, str, str, tuple[float, ...]]] = [
        (unequal_noise, "ALIKE", "shape", (0.5, 0.2, 0.0)),
        (unequal_noise, "ALIKE", "most_weight", (6, 10, 20, 1000)),
        (unequal_noise, "ALIKE", "most_weight_of_control", (2, 6, 14)),
        (unequal_noise, "ALARM", "", (0.0, 0.05, 0.3)),
        (unequal_noise, "UNEQUAL", "most_known", (4, 6, 100)),
        (unequal_noise, "UNEQUAL", "shape", (0.35, -0.5)),
        (unequal_noise, "FAR_APART_FROM", "", (0.6, 1.0)),
        (unequal_noise, "FAR_APART", "most_known", (6, 100)),
        (sequential_verdicts, "EQUIVALENCE_SHARE", "", (0.05, 0.1, 0.3)),
        (sequential_verdicts, "FUTILE_BELOW", "", (0.0, 0.1, 0.19, 0.3)),
    ]
    print(
        f"Other constants. {count} studies a row, a quarter for power and trials, by s. false: any verdict, all equal,"
    )
    print("by noise.\n")
    noises = ("equal", "one 4", "base 1.5", "base 3", "lognormal")
    print("constant                          value " + "".join(f"{'false, ' + noise:>17s}" for noise in noises), end="")
    print("    power .2   trials    power .5   trials")
    for module, name, field, values in chosen_values:
        present = getattr(module, name)
        for value in (getattr(present, field) if field else present, *values):
            setattr(module, name, replace(present, **{field: value}) if field else value)
            numbers = [_false_if_all_equal(count, noise, seed) for noise in noises]
            for scale in (0.2, 0.5):
                numbers += _verdicts_at(count // 4, scale, seed)
            print(f"{f'{name} {field}':32s}{value:7.2f}", end="")
            print("".join(f"{number:17.3f}" for number in numbers[: len(noises)]), end="")
            print(
                "".join(
                    f"{number:{width}.3f}" for number, width in zip(numbers[len(noises) :], (12, 9) * 2, strict=True)
                ),
                flush=True,
            )
        setattr(module, name, present)
    print()
    present = open_questions.TOLERATED_LOSS
    print(f"The best, by the loss that is tolerated: {count // 2} studies a row.\n")
    print("tolerated  initial seeds     s   regret  within  trials")
    for value in (present, 0.015, 0.03, 0.06, 0.25):
        open_questions.TOLERATED_LOSS = value
        for initial in (2, 3):
            for scale in (0.2, 0.5):
                tally = Tally()
                for study in studies(count // 2, "equal", scale, 1.0, seed):
                    assay_best(tally, study, initial)
                line = f"{tally.mean('regret'):9.4f}{tally.mean('within'):8.3f}{tally.mean('trials'):8.3f}"
                print(f"{value:9.3f}{initial:15d}{scale:6.1f}{line}", flush=True)
    open_questions.TOLERATED_LOSS = present
    print()


def _false_if_all_equal(count: int, noise: str, seed: int) -> float:
    false = 0
    for study in studies(count, noise, 1.0, 0.0, seed):
        found = compare_with_baseline(
            study.scores, "h0", smallest_effect=0.0, confidence=CONFIDENCE, initial=INITIAL, maximum=MAXIMUM
        )
        false += any(one.verdict != "Inconclusive" for one in found)
    return false / count


def _verdicts_at(count: int, scale: float, seed: int) -> list[float]:
    tally = Tally()
    for study in studies(count, "equal", scale, 1.0, seed):
        assay_verdicts(tally, study, family_wise=True)
    return [tally.mean("power"), tally.mean("trials")]
