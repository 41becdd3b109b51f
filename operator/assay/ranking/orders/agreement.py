"""Agreement: how alike two arms order the hypotheses.

Every statistic is made of the two arms' mean scores. It is undefined (None) where an arm gives no order at all, and the
order of the rows does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray
from assay.ranking.orders.orders import average_ranks, tau_b, weighted_tau_b
from assay.ranking.orders.separation import separating_difference
from assay.ranking.scores import Scores, balanced


@dataclass(frozen=True)
class DecisionAccuracy:
    """The share of pairs that the proxy orders as the reference does; a pair tied in the proxy counts one half."""

    all: float | None
    """The share of the pairs that are not tied in the reference; None if there is none."""
    separable: float | None
    """The share of the pairs that the reference separates (`separation`); None if there is none."""
    separable_pairs: int | None
    """The number of those pairs; None if the reference has too few seeds to tell."""


@dataclass(frozen=True)
class Agreement:
    """How alike a proxy and the reference order the hypotheses that have scores in both."""

    hypotheses: int
    seeds: int
    kendall_tau: float | None
    weighted_tau: float | None
    spearman_rho: float | None
    decision_accuracy: float | None
    separable_decision_accuracy: float | None
    separable_pairs: int | None
    top_k: int | None
    top_k_overlap: float | None
    winner_regret: float | None


def agreement(reference: Scores, proxy: Scores, top_k: int | None = None) -> Agreement:
    """Return all statistics of one proxy, over the balanced block of both arms.

    `top_k`: size of the top slice whose overlap is reported; with None, or more than there are hypotheses, it isn't.
    """
    used_reference, used_proxy = balanced(reference, proxy)
    hypotheses = len(used_reference.hypotheses)
    truth, guess = used_reference.means, used_proxy.means
    accuracy = _decision_accuracy(used_reference, used_proxy)
    sliced = top_k if top_k is not None and 1 <= top_k <= hypotheses else None
    return Agreement(
        hypotheses=hypotheses,
        seeds=len(used_reference.seeds),
        kendall_tau=kendall_tau_b(truth, guess),
        weighted_tau=weighted_tau(truth, guess),
        spearman_rho=spearman_rho(truth, guess),
        decision_accuracy=accuracy.all,
        separable_decision_accuracy=accuracy.separable,
        separable_pairs=accuracy.separable_pairs,
        top_k=sliced,
        top_k_overlap=top_k_overlap(truth, guess, sliced) if sliced is not None else None,
        winner_regret=winner_regret(truth, guess),
    )


def kendall_tau_b(reference: FloatArray, proxy: FloatArray) -> float | None:
    """Return Kendall's tau-b in [-1, 1] of two score vectors (hypotheses,).

    None if either is constant, or with fewer than two hypotheses.
    """
    if _no_order(reference, proxy):
        return None
    return tau_b(reference, proxy)


def weighted_tau(reference: FloatArray, proxy: FloatArray) -> float | None:
    """Return Vigna's weighted tau in [-1, 1], in which exchanges among the best weigh most. None as for tau-b.

    Source: S. Vigna, A weighted correlation index for rankings with ties, WWW 2015.
    """
    if _no_order(reference, proxy):
        return None
    return weighted_tau_b(reference, proxy)


def spearman_rho(reference: FloatArray, proxy: FloatArray) -> float | None:
    """Return Spearman's rank correlation in [-1, 1] of two score vectors (hypotheses,). None as for tau-b."""
    if _no_order(reference, proxy):
        return None
    ranks = [average_ranks(scores) for scores in (reference, proxy)]
    return float(np.clip(np.atleast_2d(np.corrcoef(ranks))[0, 1], -1.0, 1.0))


def decision_accuracy(reference: Scores, proxy: Scores) -> DecisionAccuracy:
    """Return the share of the pairs that are ordered alike, over all and over those that the reference separates.

    The standard error of a difference is that of the pooled seed noise. Where that noise is zero, every pair that is
    not tied is separable.
    """
    return _decision_accuracy(*balanced(reference, proxy))


def _decision_accuracy(reference: Scores, proxy: Scores) -> DecisionAccuracy:
    upper = np.triu_indices(len(reference.hypotheses), 1)
    differences = _differences(reference.means, upper)
    signs = np.sign(differences)
    alike = 0.5 + 0.5 * signs * np.sign(_differences(proxy.means, upper))
    noise = reference.noise
    if noise is None:
        return DecisionAccuracy(_share(alike, signs != 0), None, None)
    separable = (signs != 0) & (np.abs(differences) > separating_difference(noise.variance, len(reference.seeds)))
    return DecisionAccuracy(_share(alike, signs != 0), _share(alike, separable), int(separable.sum()))


def top_k_overlap(reference: FloatArray, proxy: FloatArray, k: int) -> float:
    """Return the share in [0, 1] of the reference's k best that are among the proxy's k best.

    Hypotheses that are tied for the last places share them: the overlap is the one to be expected if ties are broken by
    lot. Raises ValueError unless 1 <= k <= hypotheses.
    """
    if not 1 <= k <= len(reference):
        raise ValueError(f"k: {k}, allowed are 1 to {len(reference)} (the number of hypotheses)")
    return float(_membership(reference, k) @ _membership(proxy, k) / k)


def winner_regret(reference: FloatArray, proxy: FloatArray) -> float | None:
    """Return what is lost by taking the proxy's winner, by the reference, in the metric's units; at least 0.

    Where several share the proxy's first place, it is the mean over them. None without hypotheses.
    """
    if len(reference) == 0:
        return None
    return float(reference.max() - reference[proxy == proxy.max()].mean())


def _no_order(reference: FloatArray, proxy: FloatArray) -> bool:
    return len(reference) < 2 or bool(np.ptp(reference) == 0 or np.ptp(proxy) == 0)


def _differences(means: FloatArray, pairs: tuple[np.ndarray, ...]) -> FloatArray:
    difference: FloatArray = means[pairs[0]] - means[pairs[1]]
    return difference


def _share(alike: FloatArray, among: BoolArray) -> float | None:
    return float(alike[among].mean()) if among.any() else None


def _membership(scores: FloatArray, k: int) -> FloatArray:
    """Return (hypotheses,): 1 if surely among the k best, a part if tied for the last of these places, else 0."""
    last = np.sort(scores)[-k]
    above, tied = scores > last, scores == last
    member: FloatArray = above + tied * ((k - above.sum()) / tied.sum())
    return member
