"""Pure statistics: how alike two arms rank, whether a proxy may be trusted, which hypotheses beat the baseline.

Notation, in docstrings and comments (in code the names are words):

    K           number of hypotheses
    n           number of seeds that a mean is over
    r           correlation of the true scores of two arms; a true score is the mean over all seeds there could be
    tau         Kendall's tau; without "observed" it is that of the true scores, 2 / pi * asin(r) where these are normal
    s           noise-to-signal of an arm: standard deviation of one seed's noise over that of the true scores
    w           signal's share of the variance of an arm's means, 1 / (1 + s^2 / n)
    g           correlation of two arms' noise at the same hypothesis and seed
    t, z        a difference over its standard error, estimated or known
    (a, b)      shape of an array, by what its axes count; its rows are hypotheses unless another name is given
    level       error probability of one test at one look
    error       error probability of all tests and looks together: 1 - confidence

Scores are always such that higher is better. Every probability is a number from 0 to 1.

The parts of scipy are named in full, `scipy.special.ndtr`: it loads them when first used, and not for `assay --help`.
"""

from assay.ranking.certificates.certificate import Certificate, Decision
from assay.ranking.certificates.certification import certify
from assay.ranking.certificates.criterion import Criterion, TrustStatistic
from assay.ranking.certificates.error_spending import look_seeds
from assay.ranking.certificates.power import certification_power, hypotheses_for_power, looked_at
from assay.ranking.orders.agreement import Agreement, DecisionAccuracy, agreement, decision_accuracy
from assay.ranking.orders.ceiling import noise_ceiling
from assay.ranking.scores import Scores, balanced
from assay.ranking.sequential.example_errors import ExampleErrors, example_variances
from assay.ranking.sequential.noisy_hypotheses import Noisiness, noisy_hypotheses
from assay.ranking.sequential.open_questions import BestSet, best_candidates, open_for_ranking
from assay.ranking.sequential.ranks import RankInterval, rank_intervals
from assay.ranking.sequential.verdicts import Comparison, Verdict, compare_with_baseline

__all__ = [
    "Agreement",
    "BestSet",
    "Certificate",
    "Comparison",
    "Criterion",
    "Decision",
    "DecisionAccuracy",
    "ExampleErrors",
    "Noisiness",
    "RankInterval",
    "Scores",
    "TrustStatistic",
    "Verdict",
    "agreement",
    "balanced",
    "best_candidates",
    "certification_power",
    "certify",
    "compare_with_baseline",
    "decision_accuracy",
    "example_variances",
    "hypotheses_for_power",
    "look_seeds",
    "looked_at",
    "noise_ceiling",
    "noisy_hypotheses",
    "open_for_ranking",
    "rank_intervals",
]
