"""What a study is told before it runs."""

from __future__ import annotations

import pytest

from assay.planning import forecast
from builders.manifests import a_proxy
from builders.studies import a_study


def test_more_hypotheses_never_seem_to_certify_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "COUNTS", (8, 10))
    found = forecast.powers(a_study(hypotheses=9, proxies=[a_proxy()], seeds=3, threshold="0.6"))
    assert [(power.hypotheses, power.true_tau) for power in found] == [(8, 0.8), (9, 0.8), (10, 0.8)]
    probabilities = [power.probability for power in found]
    assert probabilities == sorted(probabilities)
