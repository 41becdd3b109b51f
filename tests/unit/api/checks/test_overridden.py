from __future__ import annotations

from assay.api.checks.overridden import overridden
from assay.api.resources import ReferenceArm
from builders.manifests import a_hypothesis, a_proxy, a_proxy_study


def test_a_batch_size_that_arms_say_themselves_is_named_with_them() -> None:
    study = a_proxy_study(proxies=[a_proxy("small", batch_size=32), a_proxy("large", batch_size=256)])
    hypotheses = [a_hypothesis("baseline"), a_hypothesis("tiny", recipe={"batchSize": 32})]

    (found,) = overridden(study, hypotheses)

    assert found.startswith("Hypothesis/tiny: spec.recipe.batchSize: given 32, which changes nothing in arms")
    assert "large (256)" in found
    assert "small" not in found


def test_a_batch_size_that_no_arm_says_takes_effect() -> None:
    study = a_proxy_study(proxies=[a_proxy("small", epochs=1)], reference=ReferenceArm(epochs=2))

    assert not list(overridden(study, [a_hypothesis("tiny", recipe={"batchSize": 32})]))
