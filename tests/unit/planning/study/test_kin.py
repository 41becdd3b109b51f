"""Hypotheses that are kin: by the label that a study names, or by a key that their recipes set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.api.resources import REFERENCE, HypothesesSelection, Hypothesis, ProxyStudyStatus
from assay.planning.plan import plan
from assay.planning.results.progress import progress_of
from assay.planning.results.score_tables import score_tables_of
from assay.planning.status.certificate_words import apart_in_words
from assay.planning.study.kin import MOST_KEYS
from assay.planning.study.study import Study
from assay.reporting.trust_answer import trust_answer
from builders.manifests import a_hypothesis, a_proxy
from builders.studies import a_study, records_of_scores, redefined

COUNT, FAMILIES = 37, 6
LABEL = "family"


def family(number: int) -> str:
    return f"f{number % FAMILIES}"


def backlog(*, labelled: bool = False, keyed: bool = False) -> list[Hypothesis]:
    def one(number: int) -> Hypothesis:
        recipe = {"x": number, "optimizer": {"kind": family(number)}} if keyed else {"x": number}
        return a_hypothesis(f"h{number:03d}", labels={LABEL: family(number)} if labelled else {}, recipe=recipe)

    return [a_hypothesis("baseline"), *(one(number) for number in range(1, COUNT))]


def study_of(hypotheses: Sequence[Hypothesis], cluster_by: str | None = None) -> Study:
    study = a_study(hypotheses=hypotheses, proxies=[a_proxy()], seeds=3, threshold="0.6")
    if cluster_by is None:
        return study
    selection = HypothesesSelection(baseline="baseline", cluster_by=cluster_by)
    spec = study.spec.model_copy(update={"hypotheses": selection})
    return redefined(study, resource=study.resource.model_copy(update={"spec": spec}))


def status_of(study: Study, of_family: float, apart: Sequence[str] = ()) -> ProxyStudyStatus:
    """Return the status of a study whose proxy misjudges families by so much, and flatters some hypotheses."""
    generator = np.random.default_rng(2)
    own = dict(zip((each.name for each in study.hypotheses), generator.standard_normal(COUNT), strict=True))
    wrong = dict(zip(map(family, range(FAMILIES)), of_family * generator.standard_normal(FAMILIES), strict=True))
    scores = {}
    for trial in study.design.trials:
        score = own[trial.hypothesis] + 0.05 * generator.standard_normal()
        if trial.arm != REFERENCE:
            score += wrong[family(int(trial.hypothesis[1:]))] if trial.hypothesis != "baseline" else 0.0
            score += 1.0 * (trial.hypothesis in apart)
        scores[trial.hypothesis, trial.arm, trial.seed] = float(score)
    return plan(study, records_of_scores(study, scores), 0.0).status


def test_a_key_that_some_hypotheses_share_may_tell_families_with_nested_keys_as_paths() -> None:
    hypotheses = [
        a_hypothesis("baseline"),
        a_hypothesis("a", recipe={"optimizer": {"name": "muon", "momentum": 0.1}, "epochs": 3}),
        a_hypothesis("b", recipe={"optimizer": {"name": "muon", "momentum": 0.2}, "decay": None}),
        a_hypothesis("c", recipe={"optimizer": {"name": "adam"}, "decay": None}),
    ]
    found = study_of(hypotheses).definition.kin
    want = {
        "optimizer.name": (("a", '"muon"'), ("b", '"muon"'), ("c", '"adam"')),
        "decay": (("b", "null"), ("c", "null")),
    }
    assert {each.name: each.family_of for each in found} == want
    assert not any(each.declared for each in found)


def test_code_and_data_may_tell_families() -> None:
    image = "registry.example/branch@sha256:" + "0" * 64
    hypotheses = [
        a_hypothesis("baseline"),
        *(a_hypothesis(name, trainer={"image": image}, dataset={"manifest": "s3://d/manifest.json"}) for name in "ab"),
    ]
    assert {each.name for each in study_of(hypotheses).definition.kin} == {"trainer.image", "dataset.manifest"}
    stated = [a_hypothesis("baseline"), *(a_hypothesis(name, dataset={"version": "2"}) for name in "ab")]
    assert {each.name for each in study_of([*stated, a_hypothesis("c")]).definition.kin} == {"dataset.version"}


def test_a_key_that_tells_all_hypotheses_apart_or_none_is_no_candidate() -> None:
    assert study_of(backlog()).definition.kin == ()
    same = [a_hypothesis(name, recipe={"x": 1}) for name in ("baseline", "a", "b")]
    assert study_of(same).definition.kin == ()


def test_of_very_many_keys_those_are_tried_that_most_hypotheses_set() -> None:
    recipe = {f"key{number:03d}": 1 for number in range(200)}
    hypotheses = [a_hypothesis("baseline"), *(a_hypothesis(name, recipe=recipe) for name in "ab")]
    hypotheses += [a_hypothesis(name, recipe={"key199": 2}) for name in "cd"]
    found = study_of(hypotheses).definition.kin
    assert len(found) == MOST_KEYS
    assert found[0].name == "key199"


def test_the_label_of_a_study_is_taken_alone_and_who_lacks_it_is_a_family_of_its_own() -> None:
    (found,) = study_of(backlog(labelled=True, keyed=True), LABEL).definition.kin
    assert (found.name, found.declared) == (LABEL, True)
    assert "baseline" not in dict(found.family_of)
    assert dict(found.family_of)["h001"] == "f1"


def test_the_scores_of_a_study_know_the_families_of_its_label() -> None:
    def families(cluster_by: str | None) -> tuple[str, ...] | None:
        study = study_of(backlog(labelled=True), cluster_by)
        return score_tables_of(study, {}, progress_of(study, {}))[REFERENCE].scores.families

    found = families(LABEL)
    assert found is not None
    assert found[:3] == ("/baseline", "f1", "f2")
    assert families(None) is None


def test_the_status_says_who_is_kin_by_the_label_and_what_that_leaves() -> None:
    study = study_of(backlog(labelled=True), LABEL)
    arm = status_of(study, of_family=0.3).arms[1]
    assert arm.certificate is not None
    assert (arm.certificate.kin, arm.certificate.families) == (LABEL, FAMILIES + 1)
    assert arm.certificate.effective_hypotheses is not None
    assert FAMILIES < arm.certificate.effective_hypotheses < COUNT / 2
    want_said = f"Hypotheses of one {LABEL} share luck: these {COUNT}, in {FAMILIES + 1} families, are worth about"
    assert want_said in (arm.message or "")


def test_a_key_that_explains_the_disagreement_is_found_and_named() -> None:
    study = study_of(backlog(keyed=True))
    arm = status_of(study, of_family=0.4).arms[1]
    assert "Hypotheses of one optimizer.kind share luck" in (arm.message or "")


def test_a_key_that_explains_nothing_is_not_spoken_of() -> None:
    study = study_of(backlog(keyed=True))
    arm = status_of(study, of_family=0.0).arms[1]
    assert arm.certificate is not None
    assert arm.certificate.kin is None
    assert "luck" not in (arm.message or "")


def test_hypotheses_for_which_a_trusted_proxy_is_wrong_are_named_beside_it() -> None:
    study = study_of(backlog())
    status = status_of(study, of_family=0.0, apart=["h004"])
    (_, arm) = status.arms
    assert arm.decision == "Trusted"
    assert arm.certificate is not None
    assert arm.certificate.standing_apart[0] == "h004"
    assert "It misjudges h004" in trust_answer(study, status)
    assert "It misjudges h004" in (arm.message or "")


def test_of_many_that_stand_apart_three_are_named() -> None:
    want = "It misjudges a, b, c and 6 more, by more than seeds and the other hypotheses explain."
    assert apart_in_words(["a", "b", "c", "d", "e"], 9) == want
    assert apart_in_words([], 0) == ""
