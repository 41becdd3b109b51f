"""What a certificate rests on."""

from __future__ import annotations

import pytest

from assay.planning.trust.certificates_in_force import rests_on
from builders.manifests import a_proxy
from builders.studies import a_study


@pytest.mark.parametrize(
    ("arm", "want"),
    [("short", "e498bee983b7a4567dfaefdd44d36a96"), ("small", "e69927fef1be8d498d600a83e4ba1ea4")],
)
def test_certificates_that_earlier_releases_wrote_stay_in_force(arm: str, want: str) -> None:
    study = a_study(hypotheses=3, proxies=(a_proxy(), a_proxy("small", image_size=14)))
    assert rests_on(study, arm) == want
