"""The Job that is made of a request."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.resources import EnvironmentVariable, ImagePullSecret, PodTemplate, Resources
from assay.kube import Manifest
from assay.runners.jobs.manifests.manifest import job_manifest
from assay.runners.jobs.manifests.names import at_once_of, attempts_of, devices_of
from assay.runners.jobs.settings import CacheClaim, TrialSettings
from assay_trainer.contract import WorkRequest
from builders.jobs import DATASET, IMAGE, REQUEST_URI, SETTINGS, a_preparation, a_request, a_served_study
from builders.requests import a_trial

STUDY = a_served_study()
TRIAL = a_trial(DATASET, "team.train:run", seed=7)


WITHOUT_A_CACHE = [{"name": "ASSAY_CACHE", "value": ""}, {"name": "ASSAY_CACHE_BYTES", "value": str(5 << 30)}]


def made(request: WorkRequest | None = None, *, settings: TrialSettings = SETTINGS, study: Any = STUDY) -> Manifest:
    return job_manifest(study, request or a_request(TRIAL), REQUEST_URI, settings)


def pod_of(job: Manifest) -> Manifest:
    pod: Manifest = job["spec"]["template"]["spec"]
    return pod


def container_of(job: Manifest) -> Manifest:
    (container,) = pod_of(job)["containers"]
    assert isinstance(container, dict)
    return container


# ----------------------------------------------------------------------------- names


def test_the_name_is_the_studys_with_a_digest_of_the_attempts() -> None:
    name = made()["metadata"]["name"]
    assert name.startswith("digits-")
    assert name == made()["metadata"]["name"]
    second_attempt = TRIAL.model_copy(update={"attempt": 2})
    others = [
        made(a_request(second_attempt)),
        made(a_request(TRIAL, second_attempt)),
        made(study=a_served_study(uid="of-the-next-one")),
    ]
    assert len({name, *(other["metadata"]["name"] for other in others)}) == 4


@pytest.mark.parametrize("study", ["a" * 63, "a" * 45 + "-" + "b" * 17, "a"])
def test_the_name_is_a_label_whatever_the_studys_is(study: str) -> None:
    name = made(study=a_served_study(name=study))["metadata"]["name"]
    assert len(name) <= 63
    assert "--" not in name


def test_the_same_request_gives_the_same_manifest() -> None:
    assert made() == made()


# ----------------------------------------------------------------------------- labels and owner


def test_job_and_pod_say_which_trial_they_run() -> None:
    job = made()
    want_labels = {
        "app.kubernetes.io/name": "assay",
        "app.kubernetes.io/managed-by": "assay",
        "app.kubernetes.io/component": "trial",
        "assay.dev/study": "digits",
        "assay.dev/hypothesis": "hypothesis",
        "assay.dev/arm": "reference",
        "assay.dev/seed": "7",
        "assay.dev/trial-key": TRIAL.key,
    }
    assert job["metadata"]["labels"] == want_labels
    assert job["spec"]["template"]["metadata"]["labels"] == want_labels


def test_a_preparation_says_what_it_is() -> None:
    labels = made(a_request(a_preparation()))["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "preparation"
    assert labels["assay.dev/arm"] == "coreset"
    assert "assay.dev/hypothesis" not in labels


def test_packed_trials_have_the_labels_that_they_share_and_all_are_in_an_annotation() -> None:
    trials = [a_trial(DATASET, "team.train:run", seed=seed, devices=2, attempt=seed) for seed in (1, 2)]
    job = made(a_request(*trials))
    labels = job["metadata"]["labels"]
    assert (labels["assay.dev/hypothesis"], labels["assay.dev/trial-key"]) == ("hypothesis", trials[0].key)
    assert "assay.dev/seed" not in labels
    for manifest in (job, job["spec"]["template"]):
        assert attempts_of(manifest) == tuple((trial.key, trial.attempt) for trial in trials)
        assert devices_of(manifest) == 2


KEY = "a" * 32


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "a:b", "a:1,b", f"{KEY}:0", f"{KEY}:-1", f"{KEY}:²", f"{KEY}:" + "9" * 5000, "x:1", f"{KEY}:1,"],
)
def test_an_annotation_that_somebody_has_spoilt_names_no_attempts(text: str) -> None:
    assert attempts_of({"metadata": {"annotations": {"assay.dev/items": text}}}) == ()
    assert attempts_of({"metadata": {}}) == ()


@pytest.mark.parametrize("text", ["", "many", "-1", "²", "9" * 5000])
def test_an_annotation_that_somebody_has_spoilt_is_of_one_device(text: str) -> None:
    assert devices_of({"metadata": {"annotations": {"assay.dev/devices": text}}}) == 1


def test_the_study_owns_its_jobs() -> None:
    want_owner = {
        "apiVersion": "assay.dev/v1alpha1",
        "kind": "ProxyStudy",
        "name": "digits",
        "uid": "study-uid",
        "controller": True,
    }
    assert made()["metadata"]["ownerReferences"] == [want_owner]
    assert made()["metadata"]["namespace"] == "team"


# ----------------------------------------------------------------------------- ends


def test_nothing_is_tried_again_by_kubernetes_and_disruptions_are_told_apart() -> None:
    spec = made()["spec"]
    assert (spec["backoffLimit"], pod_of(made())["restartPolicy"]) == (0, "Never")
    disruption, no_fault = spec["podFailurePolicy"]["rules"]
    assert disruption == {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert no_fault["onExitCodes"] == {"containerName": "trainer", "operator": "In", "values": [75]}


def test_the_pod_has_a_deadline_behind_those_of_its_trials_and_the_job_has_none() -> None:
    trials = [a_trial(DATASET, "team.train:run", seed=seed, deadline_seconds=100) for seed in (1, 2)]
    job = made(a_request(*trials), settings=TrialSettings(image=IMAGE, backstop_seconds=50))
    assert pod_of(job)["activeDeadlineSeconds"] == 250
    assert "activeDeadlineSeconds" not in job["spec"]


def test_trials_side_by_side_have_the_time_of_as_many_rounds_as_they_take() -> None:
    trials = [a_trial(DATASET, "team.train:run", seed=seed, deadline_seconds=100) for seed in range(5)]
    settings = TrialSettings(image=IMAGE, backstop_seconds=50)
    job = made(a_request(*trials, at_once=2), settings=settings)
    assert pod_of(job)["activeDeadlineSeconds"] == 350
    assert at_once_of(job) == at_once_of(job["spec"]["template"]) == 2
    one_after_another = made(a_request(*trials), settings=settings)
    assert pod_of(one_after_another)["activeDeadlineSeconds"] == 550
    assert "assay.dev/at-once" not in one_after_another["metadata"]["annotations"]


def test_a_job_with_a_queue_waits_until_kueue_lets_it_run() -> None:
    queued = made(study=a_served_study(queue_name="gpu-queue"))
    assert queued["spec"]["suspend"] is True
    assert queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpu-queue"
    assert "suspend" not in made()["spec"]
    assert "kueue.x-k8s.io/queue-name" not in made()["metadata"]["labels"]


# ----------------------------------------------------------------------------- the container


def test_the_worker_is_given_its_request() -> None:
    assert container_of(made())["command"] == ["python", "-m", "assay_trainer.worker", REQUEST_URI]


def test_the_image_is_the_trials_own_or_the_installations() -> None:
    branch = TRIAL.model_copy(update={"image": "registry.example/branch@sha256:" + "b" * 64})
    assert container_of(made(a_request(branch)))["image"] == branch.image
    assert container_of(made())["image"] == IMAGE


def test_the_environment_is_the_stores_with_its_secret() -> None:
    settings = TrialSettings(image=IMAGE, environment={"AWS_REGION": "eu-1"}, environment_secret="s3")
    container = container_of(made(settings=settings))
    assert container["env"] == [
        *WITHOUT_A_CACHE,
        {"name": "AWS_REGION", "value": "eu-1"},
        {"name": "HOME", "value": "/tmp"},
    ]
    assert container["envFrom"] == [{"secretRef": {"name": "s3"}}]
    assert container_of(made())["envFrom"] == []


def test_the_worker_knows_the_limit_of_its_memory_as_the_template_says_it() -> None:
    template = PodTemplate(resources=Resources(limits={"memory": "300Mi"}))
    container = container_of(made(study=a_served_study(pod_template=template)))
    assert {"name": "ASSAY_MEMORY_LIMIT", "value": "300Mi"} in container["env"]


def test_the_pod_fits_the_restricted_standard() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted; a real server is asked too."""
    pod, container = pod_of(made()), container_of(made())
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}}]
    unlimited = pod_of(made(settings=TrialSettings(image=IMAGE, scratch=None)))
    assert unlimited["volumes"] == [{"name": "scratch", "emptyDir": {}}]
    assert container["volumeMounts"] == [{"name": "scratch", "mountPath": "/tmp"}]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def variables_of(job: Manifest) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in container_of(job)["env"]}


def test_a_cache_is_the_claim_of_the_namespace_on_which_trials_may_write() -> None:
    job = made(settings=TrialSettings(image=IMAGE, cache=CacheClaim("blocks", 5 << 30)))
    assert {"name": "assay-cache", "persistentVolumeClaim": {"claimName": "blocks"}} in pod_of(job)["volumes"]
    assert {"name": "assay-cache", "mountPath": "/var/cache/assay"} in container_of(job)["volumeMounts"]
    assert pod_of(job)["securityContext"]["fsGroup"] == 1000
    variables = variables_of(job)
    assert (variables["ASSAY_CACHE"], variables["ASSAY_CACHE_BYTES"]) == ("/var/cache/assay", str(5 << 30))


def test_without_a_cache_what_is_mapped_fits_into_the_scratch_folder() -> None:
    variables = variables_of(made(settings=TrialSettings(image=IMAGE, scratch="10Gi")))
    assert (variables["ASSAY_CACHE"], variables["ASSAY_CACHE_BYTES"]) == ("", str(5 << 30))
    assert "ASSAY_CACHE_BYTES" not in variables_of(made(settings=TrialSettings(image=IMAGE, scratch=None)))


# ----------------------------------------------------------------------------- templates


def overlaid_pod(below: PodTemplate, above: PodTemplate) -> Manifest:
    settings = TrialSettings(image=IMAGE, pod_template=below)
    return made(study=a_served_study(pod_template=above), settings=settings)


def test_shared_memory_is_a_volume_in_memory_in_place_of_the_installations() -> None:
    theirs = PodTemplate(
        volumes=({"name": "shm", "emptyDir": {}}, {"name": "data", "emptyDir": {}}),
        volume_mounts=({"name": "shm", "mountPath": "/dev/shm/"}, {"name": "data", "mountPath": "/data"}),
    )
    settings = TrialSettings(image=IMAGE, pod_template=theirs)
    job = made(settings=settings, study=a_served_study(shared_memory="2Gi"))
    want = {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}
    assert pod_of(job)["volumes"][-1] == want
    mounts = {mount["mountPath"]: mount["name"] for mount in container_of(job)["volumeMounts"]}
    assert mounts == {"/tmp": "scratch", "/data": "data", "/dev/shm": "shared-memory"}
    assert "shared-memory" not in str(made(settings=settings))


def test_of_labels_resources_and_node_selectors_each_entry_is_the_studys_or_the_installations() -> None:
    below = PodTemplate(
        labels={"team": "a", "cost": "1"},
        annotations={"note": "below"},
        node_selector={"pool": "cpu", "zone": "z"},
        resources=Resources(requests={"cpu": 1, "memory": "1Gi"}, limits={"memory": "1Gi"}),
    )
    above = PodTemplate(
        labels={"cost": "2", "assay.dev/study": "another"},
        annotations={"note": "above"},
        node_selector={"pool": "gpu"},
        resources=Resources(requests={"cpu": 8}, limits={"nvidia.com/gpu": 1}),
    )
    job = overlaid_pod(below, above)
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert (labels["team"], labels["cost"], labels["assay.dev/study"]) == ("a", "2", "digits")
    assert job["spec"]["template"]["metadata"]["annotations"]["note"] == "above"
    assert pod_of(job)["nodeSelector"] == {"pool": "gpu", "zone": "z"}
    assert container_of(job)["resources"] == {
        "requests": {"cpu": 8, "memory": "1Gi"},
        "limits": {"memory": "1Gi", "nvidia.com/gpu": 1},
    }


def test_variables_are_merged_by_name_and_the_studys_win() -> None:
    below = PodTemplate(env=(EnvironmentVariable(name="LEVEL", value="info"), EnvironmentVariable(name="A", value="1")))
    token = {"secretKeyRef": {"name": "tracker", "key": "token"}}
    above = PodTemplate(
        env=(EnvironmentVariable(name="LEVEL", value="debug"), EnvironmentVariable(name="TOKEN", value_from=token))
    )
    assert container_of(overlaid_pod(below, above))["env"] == [
        *WITHOUT_A_CACHE,
        {"name": "HOME", "value": "/tmp"},
        {"name": "A", "value": "1"},
        {"name": "LEVEL", "value": "debug"},
        {"name": "TOKEN", "valueFrom": token},
    ]


def test_lists_are_those_of_both() -> None:
    def with_lists(name: str) -> PodTemplate:
        return PodTemplate(
            tolerations=({"key": name},),
            volumes=({"name": name, "emptyDir": {}},),
            volume_mounts=({"name": name, "mountPath": f"/{name}"},),
            env_from=({"configMapRef": {"name": name}},),
            image_pull_secrets=(ImagePullSecret(name="registry"), ImagePullSecret(name=name)),
        )

    job = overlaid_pod(with_lists("below"), with_lists("above"))
    pod, container = pod_of(job), container_of(job)
    assert pod["tolerations"] == [{"key": "below"}, {"key": "above"}]
    assert [volume["name"] for volume in pod["volumes"]] == ["scratch", "below", "above"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp", "/below", "/above"]
    assert [source["configMapRef"]["name"] for source in container["envFrom"]] == ["below", "above"]
    assert [secret["name"] for secret in pod["imagePullSecrets"]] == ["registry", "below", "above"]


def test_of_everything_else_the_studys_word_counts() -> None:
    below = PodTemplate(
        affinity={"nodeAffinity": {"a": 1}},
        service_account_name="below",
        priority_class_name="low",
        runtime_class_name="runc",
    )
    pod = pod_of(overlaid_pod(below, PodTemplate(affinity={"podAffinity": {}}, priority_class_name="high")))
    assert pod["affinity"] == {"podAffinity": {}}
    assert (pod["serviceAccountName"], pod["priorityClassName"], pod["runtimeClassName"]) == ("below", "high", "runc")


def test_the_installations_service_account_is_that_of_pods_whose_templates_name_none() -> None:
    settings = TrialSettings(image=IMAGE, service_account="trials")
    assert pod_of(made(settings=settings))["serviceAccountName"] == "trials"
    assert "serviceAccountName" not in pod_of(made())


def test_two_templates_may_say_more_together_than_each_may_alone() -> None:
    below, above = (PodTemplate(labels={f"{name}-{n}": "x" for n in range(64)}) for name in ("below", "above"))
    assert len(overlaid_pod(below, above)["spec"]["template"]["metadata"]["labels"]) > 128
