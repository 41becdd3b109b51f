from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from assay.api.checks.check import check_study
from assay.api.checks.data import VISION
from assay.api.resources import (
    EnvironmentVariable,
    Goal,
    HypothesesSelection,
    ImagePullSecret,
    LabelSelector,
    Metric,
    OnFailure,
    PodTemplate,
    ProxyArm,
    ProxyStudy,
    RankedBy,
    ReadAt,
    ReferenceArm,
    Resources,
    Screening,
    Seeds,
    Subset,
    TrainerEnvironment,
    TrainerOverride,
    TrainerSpec,
    Trust,
    TrustStatistic,
)
from assay_trainer.contract import DataField, ExamplesManifest, ExamplesSplit, FileGroup
from builders.manifests import a_dataset_manifest, a_hypothesis, a_proxy, a_proxy_study, some_hypotheses


def paths(study: ProxyStudy, **others: Any) -> list[str]:
    return [problem.path for problem in check_study(study, some_hypotheses(3), **others)]


def test_a_sound_study_has_no_problems() -> None:
    proxies = [
        a_proxy("short", epochs=5),
        a_proxy("quarter", data_percent=25),
        a_proxy("coreset", data_percent=25, subset=Subset.EL2N),
        a_proxy("small", image_size=14, batch_size=128),
        a_proxy("narrow", recipe={"width": 8}),
    ]
    assert paths(a_proxy_study(proxies=proxies), dataset=a_dataset_manifest(14, 28)) == []


def test_a_missing_baseline_is_named_with_the_nearest_hypothesis() -> None:
    (problem,) = check_study(a_proxy_study(hypotheses=HypothesesSelection(baseline="base-line")), some_hypotheses(3))
    assert problem.path == "spec.hypotheses.baseline"
    assert (problem.given, problem.nearest) == ('"base-line"', "baseline")


def test_a_study_without_any_hypothesis_says_so() -> None:
    (problem,) = check_study(a_proxy_study(), ())
    assert problem.given == '"baseline", and there is no hypothesis at all'


def test_a_selector_that_matches_nothing_is_named_with_the_labels_that_there_are() -> None:
    selection = HypothesesSelection(baseline="baseline", selector=LabelSelector(match_labels={"backlog": "text"}))
    hypotheses = (a_hypothesis("baseline"), a_hypothesis("wide", labels={"backlog": "vision"}))
    (problem,) = check_study(a_proxy_study(hypotheses=selection), hypotheses)
    assert problem.path == "spec.hypotheses.selector"
    assert "backlog=vision" in problem.allowed


def test_a_label_of_families_that_no_hypothesis_has_is_named_with_the_labels_that_there_are() -> None:
    selection = HypothesesSelection(baseline="baseline", cluster_by="famly")
    hypotheses = (a_hypothesis("baseline"), a_hypothesis("wide", labels={"family": "width"}))
    (problem,) = check_study(a_proxy_study(hypotheses=selection), hypotheses)
    assert problem.path == "spec.hypotheses.clusterBy"
    assert problem.given == '"famly", which no hypothesis of the study has'
    assert "family" in problem.allowed
    right = HypothesesSelection(baseline="baseline", cluster_by="family")
    assert check_study(a_proxy_study(hypotheses=right), hypotheses) == ()


def test_hypotheses_of_one_name_are_a_problem() -> None:
    (problem,) = check_study(a_proxy_study(), (*some_hypotheses(2), a_hypothesis("h001")))
    assert (problem.where, problem.path) == ("Hypothesis/h001", "metadata.name")


@pytest.mark.parametrize(
    ("proxy", "path"),
    [
        ({"epochs": 11}, "spec.proxies[0].epochs"),
        ({"image_size": 56}, "spec.proxies[0].imageSize"),
        ({"data_percent": 60}, "spec.proxies[0].dataPercent"),
        ({"batch_size": 32}, "spec.proxies[0].batchSize"),
        ({"batch_size": 32, "epochs": 6}, "spec.proxies[0].batchSize"),
        ({"epochs": 10, "image_size": 28, "batch_size": 64, "data_percent": 50}, "spec.proxies[0]"),
        ({"recipe": {"learningRate": 0.4}}, "spec.proxies[0]"),
        ({"recipe": {}}, "spec.proxies[0]"),
        ({"subset": Subset.RANDOM}, "spec.proxies[0]"),
    ],
)
def test_a_proxy_that_asks_for_more_or_is_the_reference_is_a_problem(proxy: dict[str, Any], path: str) -> None:
    reference = ReferenceArm(epochs=10, image_size=28, batch_size=64, data_percent=50)
    assert paths(a_proxy_study(reference=reference, proxies=[ProxyArm(name="proxy", **proxy)])) == [path]


@pytest.mark.parametrize(
    ("reference", "proxy", "want"),
    [
        ({"steps": 900}, {"steps": 300}, []),
        ({"steps": 900}, {"steps": 300, "batch_size": 32}, []),
        ({"steps": 900}, {"steps": 901}, ["spec.proxies[0].steps"]),
        ({"steps": 900}, {"epochs": 1, "image_size": 7}, ["spec.proxies[0].epochs"]),
        ({"steps": 900}, {"read_at": ReadAt(epochs=(1,))}, ["spec.proxies[0].readAt"]),
        ({"steps": 900}, {"data_percent": 25, "subset": Subset.RS2}, ["spec.proxies[0].subset"]),
        ({"epochs": 9}, {"steps": 300}, ["spec.proxies[0].steps"]),
        ({"epochs": 9, "steps": 900}, {"data_percent": 25}, ["spec.reference"]),
        ({}, {"data_percent": 25}, ["spec.reference"]),
    ],
)
def test_lengths_are_given_in_epochs_or_in_steps_throughout(
    reference: dict[str, Any], proxy: dict[str, Any], want: list[str]
) -> None:
    full = ReferenceArm(batch_size=64, image_size=28, **reference)
    assert paths(a_proxy_study(reference=full, proxies=[ProxyArm(name="proxy", **proxy)])) == want


def test_a_batch_may_be_larger_or_be_smaller_if_that_takes_no_more_steps() -> None:
    proxies = [a_proxy("large", batch_size=128), a_proxy("less", batch_size=32, data_percent=50)]
    assert paths(a_proxy_study(proxies=proxies)) == []


@pytest.mark.parametrize(
    ("proxy", "want_allowed"),
    [
        ({"subset": Subset.EL2N, "hardest_percent_left_out": 75}, None),
        ({"subset": Subset.CCS, "hardest_percent_left_out": 10}, None),
        ({"subset": Subset.EL2N, "hardest_percent_left_out": 76}, "at most 75, what a dataPercent of 25 leaves"),
        ({"subset": Subset.RS2, "hardest_percent_left_out": 10}, "together with the subset EL2N or CCS"),
        ({"hardest_percent_left_out": 10}, "together with the subset EL2N or CCS"),
    ],
)
def test_the_hardest_can_be_left_out_where_there_are_scores(proxy: dict[str, Any], want_allowed: str | None) -> None:
    problems = check_study(a_proxy_study(proxies=[a_proxy(data_percent=25, **proxy)]), some_hypotheses(2))
    if want_allowed is None:
        assert problems == ()
    else:
        (problem,) = problems
        assert (problem.path, want_allowed in problem.allowed) == ("spec.proxies[0].hardestPercentLeftOut", True)


@pytest.mark.parametrize(
    ("proxy", "want_given"),
    [
        ({"subset": Subset.CUSTOM, "subset_entrypoint": "team.subsets:score"}, None),
        ({"subset": Subset.CUSTOM}, "nothing"),
        ({"subset": Subset.CCS, "subset_entrypoint": "team.subsets:score"}, '"team.subsets:score"'),
        ({"subset_entrypoint": "team.subsets:score"}, '"team.subsets:score"'),
    ],
)
def test_a_function_and_the_subset_that_needs_one_belong_together(
    proxy: dict[str, Any], want_given: str | None
) -> None:
    problems = check_study(a_proxy_study(proxies=[a_proxy(data_percent=25, **proxy)]), some_hypotheses(2))
    found = [(problem.path, problem.given) for problem in problems]
    assert found == ([] if want_given is None else [("spec.proxies[0].subsetEntrypoint", want_given)])


def test_a_subset_of_all_the_data_is_a_problem() -> None:
    assert paths(a_proxy_study(proxies=[a_proxy(epochs=1, subset=Subset.EL2N)])) == ["spec.proxies[0].subset"]


def test_arms_of_one_name_and_one_named_reference_are_problems() -> None:
    proxies = [a_proxy("short", epochs=1), a_proxy("short", epochs=2), a_proxy("reference", epochs=3)]
    assert paths(a_proxy_study(proxies=proxies)) == ["spec.proxies[1].name", "spec.proxies[2].name"]


def test_two_proxies_that_run_the_same_are_a_problem() -> None:
    proxies = [a_proxy("short", epochs=1), a_proxy("brief", epochs=1, batch_size=64)]
    (problem,) = check_study(a_proxy_study(proxies=proxies), some_hypotheses(3))
    assert (problem.path, problem.given) == ("spec.proxies[1]", '"brief", which runs exactly what short runs')


def test_curves_may_be_read_before_their_end_and_by_another_metric() -> None:
    loss = RankedBy(name="loss", goal=Goal.MINIMIZE)
    proxies = [
        a_proxy("early", read_at=ReadAt(epochs=(2, 5))),
        a_proxy("early-loss", read_at=ReadAt(epochs=(2,)), metric=loss),
        a_proxy("loss", metric=loss),
        a_proxy("short", epochs=5),
        a_proxy("short-loss", epochs=5, metric=loss, read_at=ReadAt(epochs=(4,))),
        a_proxy("quarter", data_percent=25, read_at=ReadAt(epochs=(9,))),
    ]
    assert paths(a_proxy_study(proxies=proxies)) == []


def test_a_metric_that_the_train_function_of_assay_does_not_report_is_a_problem() -> None:
    proxies = [a_proxy("recall", metric=RankedBy(name="recall"))]
    of_vision = TrainerSpec(entrypoint=VISION)
    assert paths(a_proxy_study(trainer=of_vision, proxies=proxies)) == ["spec.proxies[0].metric.name"]
    assert paths(a_proxy_study(trainer=TrainerSpec(entrypoint="team.train:run"), proxies=proxies)) == []
    loss = [a_proxy("loss", metric=RankedBy(name="loss", goal=Goal.MINIMIZE))]
    assert paths(a_proxy_study(trainer=of_vision, proxies=loss)) == []


def reading(name: str, *epochs: int, **fields: Any) -> ProxyArm:
    return a_proxy(name, read_at=ReadAt(epochs=epochs), **fields)


NINE = tuple(range(1, 10))


@pytest.mark.parametrize(
    ("proxies", "want"),
    [
        ([reading("early", 2, 10)], ["spec.proxies[0].readAt.epochs"]),
        ([reading("early", 5, epochs=5)], ["spec.proxies[0].readAt.epochs"]),
        ([reading("early", 2, 3, 2)], ["spec.proxies[0].readAt.epochs[2]", "spec.proxies[0].name"]),
        ([reading("e", 2, 3), a_proxy("e-3", epochs=5)], ["spec.proxies[1].name"]),
        ([reading("a" * 61, 2, 3)], []),
        ([reading("a" * 62, 2, 3)], ["spec.proxies[0].name"] * 2),
        ([reading("one", 2), reading("two", 2)], ["spec.proxies[1]"]),
        ([reading("one", 2), reading("two", 3, 2)], ["spec.proxies[1]"]),
        ([a_proxy("same", metric=RankedBy(name="accuracy"))], ["spec.proxies[0]"]),
        (
            [a_proxy("worst", epochs=5, metric=RankedBy(name="accuracy", goal=Goal.MINIMIZE))],
            ["spec.proxies[0].metric.goal"],
        ),
        ([reading("one", *NINE), reading("two", *NINE, data_percent=50)], ["spec.proxies"]),
    ],
)
def test_a_curve_that_can_not_be_read_or_is_read_twice_is_a_problem(proxies: list[ProxyArm], want: list[str]) -> None:
    assert paths(a_proxy_study(proxies=proxies)) == want


def test_image_sizes_that_the_data_set_lacks_are_named_with_those_it_has() -> None:
    study = a_proxy_study(reference=ReferenceArm(epochs=1, image_size=32), proxies=[a_proxy(image_size=16)])
    found = check_study(study, some_hypotheses(3), a_dataset_manifest(14, 28))
    assert [problem.path for problem in found] == ["spec.reference.imageSize", "spec.proxies[0].imageSize"]
    assert found[0].allowed.endswith("14 or 28")


def test_jpegs_are_there_in_every_size_up_to_their_own() -> None:
    digest = "sha256:" + "0" * 64
    files = {"image-28": FileGroup(index="blocks", bytes=1, digest=digest, data_bytes=1)}
    split = ExamplesSplit(examples=9, files=files)
    image = DataField(kind="image", channels=3, sizes=(28,), encoding="jpeg")
    label = DataField(kind="class", type="int64", names=("a", "b"))
    jpegs = ExamplesManifest(
        name="photos", fields={"image": image, "label": label}, content=digest, train=split, held_out=split
    )
    study = a_proxy_study(reference=ReferenceArm(epochs=1, image_size=29), proxies=[a_proxy(image_size=16)])
    (found,) = check_study(study, some_hypotheses(3), jpegs)
    assert found.path == "spec.reference.imageSize"
    assert found.allowed.endswith("1 to 28")


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"seeds": Seeds(initial=5, maximum=4)}, "spec.seeds.initial"),
        ({"trust": Trust(threshold="1")}, "spec.trust.threshold"),
        ({"trust": Trust(threshold="0")}, "spec.trust.threshold"),
        (
            {"trust": Trust(statistic=TrustStatistic.DECISION_ACCURACY, threshold="0.5")},
            "spec.trust.threshold",
        ),
        ({"metric": Metric(name="accuracy", on_failure=OnFailure.SCORE)}, "spec.metric.failureScore"),
        ({"metric": Metric(name="accuracy", failure_score="0.1")}, "spec.metric.failureScore"),
        ({"trainer": TrainerSpec(entrypoint="a:b", image="registry/trainer:v1")}, "spec.trainer.image"),
    ],
)
def test_numbers_and_images_out_of_range_are_problems(spec: dict[str, Any], path: str) -> None:
    assert paths(a_proxy_study(**spec)) == [path]


def test_an_image_by_tag_needs_a_revision_and_that_of_a_hypothesis_a_digest() -> None:
    study = a_proxy_study(trainer=TrainerSpec(entrypoint="a:b", image="registry/trainer:v1", revision="abc"))
    hypothesis = a_hypothesis("branch", trainer=TrainerOverride(image="registry/trainer:v1"))
    (problem,) = check_study(study, (*some_hypotheses(3), hypothesis))
    assert (problem.where, problem.path) == ("Hypothesis/branch", "spec.trainer.image")


def test_screening_needs_proxies() -> None:
    assert paths(a_proxy_study(screening=Screening())) == ["spec.screening"]
    assert paths(a_proxy_study(screening=Screening(), proxies=[a_proxy("short", epochs=5)])) == []


def test_what_a_list_of_the_pod_template_has_twice_is_a_problem() -> None:
    template = PodTemplate(
        env=(EnvironmentVariable(name="LEVEL", value="info"), EnvironmentVariable(name="LEVEL", value="debug")),
        image_pull_secrets=(ImagePullSecret(name="one"), ImagePullSecret(name="two"), ImagePullSecret(name="one")),
    )
    found = paths(a_proxy_study(trainer=TrainerSpec(entrypoint="team.train:run", pod_template=template)))
    assert found == ["spec.trainer.podTemplate.env[1].name", "spec.trainer.podTemplate.imagePullSecrets[2].name"]


def test_a_quantity_fits_64_bits() -> None:
    assert Resources(requests={"cpu": 2**63 - 1}).requests
    with pytest.raises(ValidationError):
        Resources(requests={"cpu": 2**63})


@pytest.mark.parametrize(
    ("template", "want_path", "want_given"),
    [
        ({"volumes": ({"name": "a", "hostPath": {"path": "/"}},)}, "volumes[0]", '"hostPath"'),
        ({"volumes": ({"name": "a", "nfs": {"server": "x", "path": "/"}},)}, "volumes[0]", '"nfs"'),
        (
            {"volumes": ({"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},)},
            "volumes[0].projected.sources[0]",
            '"serviceAccountToken"',
        ),
        (
            {"annotations": {"container.apparmor.security.beta.kubernetes.io/trainer": "unconfined"}},
            "annotations",
            "container.apparmor.security.beta.kubernetes.io/trainer",
        ),
    ],
)
def test_a_pod_template_that_weakens_the_pods_is_refused(
    template: dict[str, Any], want_path: str, want_given: str
) -> None:
    trainer = TrainerSpec(entrypoint="team.train:run", pod_template=PodTemplate(**template))
    (problem,) = check_study(a_proxy_study(trainer=trainer), some_hypotheses(3))
    assert problem.path == f"spec.trainer.podTemplate.{want_path}"
    assert problem.given == want_given


def test_volumes_that_pods_usually_have_are_taken() -> None:
    volumes = (
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "keys", "projected": {"sources": [{"secret": {"name": "keys"}}, {"configMap": {"name": "ca"}}]}},
    )
    trainer = TrainerSpec(entrypoint="team.train:run", pod_template=PodTemplate(volumes=volumes))
    assert paths(a_proxy_study(trainer=trainer)) == []


# ----------------------------------------------------------------------------- inputs and variables


def problems_of_variables(**environment: tuple[str, ...]) -> dict[str, str]:
    trainer = TrainerSpec(entrypoint="team.train:run", environment=TrainerEnvironment(**environment))
    return {
        problem.path: problem.allowed for problem in check_study(a_proxy_study(trainer=trainer), some_hypotheses(2))
    }


@pytest.mark.parametrize(
    "name",
    ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "HF_TOKEN", "WANDB_API_KEY", "DB_PASSWORD", "token"],
)
def test_credentials_may_be_passed_and_not_digested(name: str) -> None:
    (allowed,) = problems_of_variables(digested=(name,)).values()
    assert "list it in passed" in allowed
    assert problems_of_variables(passed=(name,)) == {}


def test_names_that_only_look_like_those_of_credentials_are_digested() -> None:
    names = ("TOKENIZER", "TOKENIZERS_PARALLELISM", "MAX_TOKENS", "KEYWORDS", "AWSOME", "KERAS_BACKEND")
    assert problems_of_variables(digested=names) == {}


def test_a_variable_is_listed_once_and_is_not_one_that_assay_sets() -> None:
    assert list(problems_of_variables(digested=("A", "B", "A"), passed=("B", "OMP_NUM_THREADS", "ASSAY_STORE"))) == [
        "spec.trainer.environment.digested[2]",
        "spec.trainer.environment.passed[1]",
        "spec.trainer.environment.passed[2]",
        "spec.trainer.environment.digested[1]",
    ]


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "Ä", "A" * 129])
def test_what_can_be_no_name_of_a_variable_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TrainerEnvironment(digested=(name,))


def test_what_is_wrong_with_a_hypothesis_own_lists_is_said_of_it() -> None:
    trainer = TrainerOverride(inputs=("file:///a", "file:///a"), environment=TrainerEnvironment(digested=("MY_TOKEN",)))
    problems = check_study(a_proxy_study(), (*some_hypotheses(2), a_hypothesis("own", trainer=trainer)))
    assert [(each.where, each.path) for each in problems] == [
        ("Hypothesis/own", "spec.trainer.environment.digested[0]"),
        ("Hypothesis/own", "spec.trainer.inputs[1]"),
    ]
