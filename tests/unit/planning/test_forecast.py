"""What a study is told before it runs."""

from __future__ import annotations

from assay.planning.forecast import powers
from builders.manifests import a_proxy
from builders.studies import a_study


def test_more_hypotheses_never_seem_to_certify_less() -> None:
    found = powers(a_study(hypotheses=9, proxies=[a_proxy()], seeds=3, threshold="0.6"))
    assert [power.hypotheses for power in found] == [8, 9, 12, 24, 36, 48]
    assert all(power.true_tau == 0.8 for power in found)
    probabilities = [power.probability for power in found]
    assert probabilities == sorted(probabilities)
