from __future__ import annotations

from assay.api.resources import Metric, Verdicts
from assay.planning.records.edit_digest import edit_digest
from builders.studies import a_study


def test_the_digest_of_earlier_releases_stays_as_it_was() -> None:
    assert edit_digest(a_study().spec) == "b46eb28d216680c11454ffafc3e18239"


def test_fields_that_are_given_their_defaults_leave_the_digest_as_it_was() -> None:
    spec = a_study().spec
    metric = Metric.model_validate({**spec.metric.to_dict(), "onFailure": "Unstable"})
    verdicts = Verdicts.model_validate({**spec.verdicts.to_dict(), "generaliseTo": "HeldOut"})

    assert edit_digest(spec.model_copy(update={"metric": metric, "verdicts": verdicts})) == edit_digest(spec)


def test_another_treatment_of_failed_seeds_is_an_edit() -> None:
    spec = a_study().spec
    metric = Metric.model_validate({**spec.metric.to_dict(), "onFailure": "Ignore"})

    assert edit_digest(spec.model_copy(update={"metric": metric})) != edit_digest(spec)


def test_who_is_kin_is_part_of_how_results_are_judged_where_it_is_said() -> None:
    spec = a_study().spec
    digests = {
        edit_digest(spec.model_copy(update={"hypotheses": spec.hypotheses.model_copy(update={"cluster_by": label})}))
        for label in (None, "family", "team")
    }
    want_different = 3
    assert len(digests) == want_different
    assert edit_digest(spec) in digests
