"""Pure statistics: how alike two arms rank, whether a proxy may be trusted, which hypotheses beat the baseline.

The parts of scipy are named in full, `scipy.special.ndtr`: it loads them when first used, and not for `assay --help`.
"""

from assay.ranking.certificates.certificate import Certificate, Decision
from assay.ranking.certificates.certification import certify
from assay.ranking.certificates.criterion import Criterion, TrustStatistic
from assay.ranking.certificates.error_spending import look_seeds
from assay.ranking.certificates.power import certification_power, hypotheses_for_power
from assay.ranking.orders.agreement import Agreement, DecisionAccuracy, agreement, decision_accuracy
from assay.ranking.orders.ceiling import noise_ceiling
from assay.ranking.scores import Scores, balanced
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
    "hypotheses_for_power",
    "look_seeds",
    "noise_ceiling",
    "open_for_ranking",
    "rank_intervals",
]
