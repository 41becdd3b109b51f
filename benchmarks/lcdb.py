"""The best order for a price, on recorded learning curves: the planner's policies beside yardsticks.

    python benchmarks/lcdb.py [--table PATH] [--json OUT] [--fast]

It takes some minutes on one core, with --fast less than one.

Hypotheses are the learners present at a data set's largest size; the truth is their mean test accuracy over all seeds
there. A policy buys runs (learner, size, seed) that give a validation accuracy at a price: *measured*, the run's
seconds, or *uniform*, its size over the largest one. The full cost is that of one full-size seed per learner. It may
spend .20 of that for a ranking or the best one, .12 for decisions, and never more: a run that costs more than is left
is stopped, paid for and lost. Data sets with fewer than 8 learners are skipped. Columns:

    tau       Kendall's tau of the ranking with the truth: median over data sets, and their 10th percentile
    regret    what choosing the policy's winner loses, mean over data sets; share of data sets with at most .003
    right     of the pairs of all data sets that the truth separates (by over two standard errors), the share ordered
              rightly; and the same without the fifth of each data set's pairs of which the policy is least sure
    cost      true spending over full cost: median over data sets, and the largest
    against   the mean difference of the planner to this yardstick, paired by data set, with the 10 %
              quantile of its bootstrap over data sets; above 0 the planner is better
    error     standard error of the first figure, by the same bootstrap

Each figure is the mean over random orders of the seeds before it is summed up over data sets.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from learning_curves import FRACTIONS, Curves, Market, Price, Truth, given_curves
from yardsticks import (
    Opinion,
    Policy,
    cheapest_first,
    close_pairs,
    halving,
    product,
    race,
    static,
    static_affordable,
)

from assay.api.resources import Question
from assay.ranking.arrays import FloatArray
from assay.ranking.orders.agreement import kendall_tau_b

TABLE = Path(__file__).parents[1] / ".." / "shared" / "data" / "lcdb-dev.parquet"
RESAMPLES = 2000
POWERS_OF_TWO = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
HALVING_FRACTIONS = (2**-3.5, 1 / 4, 1.0)
BEST_FRACTIONS = (2**-3.5, 1 / 4, 1 / 2, 1.0)
NO_LIMIT = 10.0
"""A share of the full cost that suffices for every yardstick; some cost more than the question allows."""


@dataclass(frozen=True)
class Contestant:
    """A policy and the rungs it works on."""

    name: str
    policy: Policy
    fractions: tuple[float, ...] = FRACTIONS
    share: float | None = None
    """The share of the full cost that it may spend, if not the question's; yardsticks may spend more."""


def contestants(question: str, price: Price) -> tuple[Contestant, ...]:
    """Return the planner first, then the policy that was best for the question before it, then the other yardsticks."""
    promotion = Contestant("cheapest-first promotion", cheapest_first, POWERS_OF_TWO)
    affordable = Contestant("static, largest affordable", static_affordable)
    others = (
        Contestant("static 1/8", static(0), (1 / 8, 1.0), share=NO_LIMIT),
        Contestant("static 1/4", static(0), (1 / 4, 1.0), share=NO_LIMIT),
        Contestant("successive halving", halving(((0, 1), (2, 0.25), (4, 1))), POWERS_OF_TWO, share=NO_LIMIT),
        Contestant("halving to the top 2", halving(((0, 1), (1, 0.25), (2, 2))), HALVING_FRACTIONS, share=NO_LIMIT),
        Contestant("racing: leader, challengers", race, POWERS_OF_TWO),
        Contestant("racing on close pairs", close_pairs, POWERS_OF_TWO),
        Contestant("full size, one seed", static(0), (1.0,), share=NO_LIMIT),
    )
    if question == "best":
        by_name = {each.name: each for each in others}
        known = by_name["racing: leader, challengers" if price == "measured" else "halving to the top 2"]
        rest = (promotion, affordable, *(each for each in others if each is not known))
        return Contestant("planner", product(Question.FIND_BEST), BEST_FRACTIONS), known, *rest
    known, other = (promotion, affordable) if price == "measured" else (affordable, promotion)
    return Contestant("planner", product(Question.RANK_ALL)), known, other, *others


def tau(opinion: Opinion, truth: Truth) -> list[float]:
    """Return Kendall's tau of the ranking with the truth; 0 where one of them is no order."""
    return [kendall_tau_b(truth.means, opinion.scores) or 0.0]


def regret(opinion: Opinion, truth: Truth) -> list[float]:
    """Return how far the winner is behind the best."""
    return [float(truth.means.max() - truth.means[int(np.argmax(opinion.scores))])]


def accuracy(opinion: Opinion, truth: Truth) -> list[float]:
    """Return, over separable pairs, the share that is right, how many are right, and their number; then the last two
    for the four fifths of which the policy is most sure."""
    first, second = truth.separable()
    if not len(first):
        return [float("nan"), 0.0, 0.0, 0.0, 0.0]
    ours = opinion.scores[first] - opinion.scores[second]
    right = 0.5 + 0.5 * np.sign(ours) * np.sign(truth.means[first] - truth.means[second])
    with np.errstate(divide="ignore", invalid="ignore"):  # scores that nothing varies; two of them equal come last
        sureness = np.abs(ours) / np.hypot(opinion.deviations[first], opinion.deviations[second])
    kept = right[np.argsort(-sureness, kind="stable")[: int(np.ceil(0.8 * len(first)))]]
    return [float(right.mean()), float(right.sum()), float(len(right)), float(kept.sum()), float(len(kept))]


@dataclass(frozen=True)
class Contest:
    """A question, the share of the full cost that may be spent on it, and how an answer is judged."""

    name: str
    share: float
    judge: Callable[[Opinion, Truth], list[float]]
    titles: str


QUESTIONS = (
    Contest("ranking", 0.20, tau, "tau  median    p10"),
    Contest("best", 0.20, regret, "regret mean  <=.003"),
    Contest("decisions", 0.12, accuracy, "right   all  4 of 5"),
)


def summary(question: str, figures: FloatArray) -> tuple[float, float]:
    """Return the two figures of a table (data sets, figures of the judge)."""
    first = figures[:, 0]
    if question == "ranking":
        return float(np.median(first)), float(np.quantile(first, 0.1))
    if question == "best":
        return float(first.mean()), float((first <= 0.003).mean())
    right, pairs, surely_right, kept = figures[:, 1:].sum(axis=0)
    return (float(right / pairs), float(surely_right / kept)) if pairs else (float("nan"), float("nan"))


def play(
    contestant: Contestant, question: Contest, price: Price, sets: list[tuple[Curves, Truth]], orders: int
) -> tuple[FloatArray, FloatArray]:
    """Return the judge's figures (data sets, figures) and the spending over the full cost (data sets, orders)."""
    figures, costs = [], []
    for curves, truth in sets:
        said, spent = [], []
        for order in range(orders):
            share = question.share if contestant.share is None else contestant.share
            market = Market(curves, price, share, order, contestant.fractions)
            said.append(question.judge(contestant.policy(market), truth))
            spent.append(market.spent / market.full_cost)
        figures.append(np.mean(said, axis=0))
        costs.append(spent)
    return np.array(figures), np.array(costs)


def table(question: Contest, price: Price, sets: list[tuple[Curves, Truth]], orders: int) -> dict[str, float | None]:
    """Print one table; return the planner's figures for the JSON file."""
    title = f"{question.name}, {price} prices, at most {question.share:.2f} of the full cost"
    print(f"\n{title:60s}{question.titles:>20s}  error   cost median    max   planner against it (10 %)")
    generator = np.random.default_rng(0)
    resamples = generator.integers(len(sets), size=(RESAMPLES, len(sets)))
    ours = None
    written: dict[str, float | None] = {}
    for contestant in contestants(question.name, price):
        figures, costs = play(contestant, question, price, sets, orders)
        one, other = summary(question.name, figures)
        error = float(np.std([summary(question.name, figures[rows])[0] for rows in resamples[:500]]))
        line = f"  {contestant.name:58s}{one:12.4f}{other:8.3f}{error:7.4f}"
        line += f"{np.median(costs.mean(axis=1)):14.3f}{costs.max():7.3f}"
        if ours is None:
            ours = figures[:, 0]
            names = {"ranking": "tau_median tau_p10", "best": "regret_mean share_within_003"}
            keys = names.get(question.name, "accuracy accuracy_at_80_coverage").split()
            share = float(np.median(costs.mean(axis=1)))
            written = {keys[0]: _number(one), keys[1]: _number(other), "cost_share": share, "n": len(sets)}
        else:
            better = (ours - figures[:, 0]) * (-1 if question.name == "best" else 1)
            known = better[~np.isnan(better)]
            if len(known):
                means = known[generator.integers(len(known), size=(RESAMPLES, len(known)))].mean(axis=1)
                line += f"      {known.mean():+.4f} ({np.quantile(means, 0.1):+.4f})"
        print(line, flush=True)
    return written


def _number(figure: float) -> float | None:
    """Return None for NaN, which JSON lacks: it stands where no pair is separable."""
    return None if np.isnan(figure) else figure


def main() -> None:
    """Print the tables and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE, help="recorded learning curves, as Parquet")
    parser.add_argument("--json", type=Path, help="where to write the planner's figures")
    parser.add_argument("--fast", action="store_true", help="one order of the seeds; every fourth data set")
    arguments = parser.parse_args()
    began = time.perf_counter()
    sets, skipped = given_curves(parser, arguments.table)
    if skipped:
        print(f"Skipped, with fewer than 8 learners at the largest size: {', '.join(skipped)}.")
    if arguments.fast:
        sets = sets[::4]
    orders = 1 if arguments.fast else 3
    print(f"{len(sets)} data sets, {orders} order(s) of the seeds.")
    figures = {
        question.name: {price: table(question, price, sets, orders) for price in get_args(Price)}
        for question in QUESTIONS
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
