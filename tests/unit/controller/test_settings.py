"""The operator's settings, from its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.api.errors import InvalidInput
from assay.api.policy import AllowedPods
from assay.api.resources import PodTemplate
from assay.controller.settings import Settings, settings_from
from assay.runners.jobs import CacheClaim, TrialSettings
from assay.store import StoreLimits

STORE = {"ASSAY_STORE": "file:///results"}


def problem_with(**variables: str) -> str:
    with pytest.raises(InvalidInput) as raised:
        settings_from({**STORE, **variables})
    return str(raised.value)


def test_a_store_is_all_that_has_to_be_said() -> None:
    assert settings_from(STORE) == Settings(store="file:///results")
    assert settings_from({**STORE, "ASSAY_WORKERS": "", "ASSAY_NAMESPACES": " "}) == Settings(store="file:///results")


def test_everything_may_be_said(tmp_path: Path) -> None:
    template = tmp_path / "pods.yaml"
    template.write_text("nodeSelector: {pool: gpu}\n")
    settings = settings_from(
        {
            "ASSAY_STORE": "file:///results/",
            "ASSAY_DATASETS": "s3://data/all, s3://of-{namespace}/,",
            "ASSAY_NAMESPACES": "vision, speech,vision",
            "ASSAY_TRAINER_IMAGE": "registry.example:5000/trainer:1.2",
            "ASSAY_POD_TEMPLATE": str(template),
            "ASSAY_TRIAL_ENV_SECRET": "s3-credentials",
            "ASSAY_TRIAL_SERVICE_ACCOUNT": "trials",
            "ASSAY_TRIAL_ALLOW": '{"secrets": ["tracker"], "images": []}',
            "ASSAY_TRIAL_SCRATCH": "none",
            "ASSAY_TRIAL_CACHE": "blocks",
            "ASSAY_TRIAL_CACHE_SIZE": "100Gi",
            "ASSAY_LIMIT_JOBS": "70",
            "ASSAY_LIMIT_PARALLELISM": "7",
            "ASSAY_PENDING_SECONDS": "5",
            "ASSAY_LIMIT_MANIFEST": "512Ki",
            "ASSAY_LIMIT_RESULT": "3000000",
            "ASSAY_LIMIT_STUDY": "1Gi",
            "ASSAY_LIMIT_HYPOTHESES": "64",
            "ASSAY_WORKERS": "2",
            "ASSAY_LISTEN_HEALTH": "18080",
            "ASSAY_LISTEN_METRICS": "19090",
            "ASSAY_LOG_FORMAT": "json",
            "ASSAY_LOG_LEVEL": "debug",
            "AWS_ENDPOINT_URL": "http://s3.example",
            "AWS_SECRET_ACCESS_KEY": "not for the pods",
            "ASSAY_S3_RETRY_SECONDS": "30",
        }
    )
    assert settings == Settings(
        store="file:///results",
        datasets=("s3://data/all", "s3://of-{namespace}/"),
        allow=AllowedPods(secrets=("tracker",), images=()),
        namespaces=("vision", "speech"),
        trials=TrialSettings(
            image="registry.example:5000/trainer:1.2",
            scratch=None,
            cache=CacheClaim("blocks", 100 << 30),
            pod_template=PodTemplate(node_selector={"pool": "gpu"}),
            environment={"ASSAY_S3_RETRY_SECONDS": "30", "AWS_ENDPOINT_URL": "http://s3.example"},
            environment_secret="s3-credentials",
            service_account="trials",
            parallelism=7,
            pending_seconds=5.0,
        ),
        limits=StoreLimits(manifest=512 << 10, result=3_000_000, study=1 << 30, hypotheses=64),
        jobs=70,
        workers=2,
        health_port=18080,
        metrics_port=19090,
        log_format="json",
        log_level="debug",
    )


def test_a_wrong_value_is_said_with_its_variable_and_what_is_allowed() -> None:
    with pytest.raises(InvalidInput, match="ASSAY_STORE: given nothing; allowed: s3://bucket/prefix"):
        settings_from({})
    assert "ASSAY_TRIAL_SCRATCH: given" in problem_with(ASSAY_TRIAL_SCRATCH="0")
    said = problem_with(ASSAY_WORKERS="many", ASSAY_NAMESPACES="Vision", ASSAY_LOG_FORMAT="jsonn")
    assert 'ASSAY_WORKERS: given "many"; allowed: a whole number of 1 to 64' in said
    assert 'ASSAY_LIMIT_RESULT: given "1M"; allowed: bytes, or Ki, Mi, Gi of them' in problem_with(
        ASSAY_LIMIT_RESULT="1M"
    )
    assert 'ASSAY_NAMESPACES: given "Vision"; allowed: names of namespaces' in said
    assert "allowed: text or json; did you mean json?" in said


def test_data_sets_are_beside_the_store_unless_prefixes_are_given() -> None:
    assert settings_from(STORE).policy.data.prefixes == ("file:///datasets", "file:///results/{namespace}")
    given = settings_from({**STORE, "ASSAY_DATASETS": "s3://data"})
    assert given.policy.data.prefixes == ("s3://data",)
    said = problem_with(ASSAY_DATASETS="s3://data/*,s3://fine,file:///")
    assert (
        'ASSAY_DATASETS: given "s3://data/*" ({namespace} is all that may stand for something else); allowed: ' in said
    )
    assert 'given "file:///" (it would let studies name every file of the operator)' in said


def test_what_is_wrong_in_what_pods_may_name_is_said_with_its_path() -> None:
    assert "ASSAY_TRIAL_ALLOW: given" in problem_with(ASSAY_TRIAL_ALLOW="secrets: [a]")
    said = problem_with(ASSAY_TRIAL_ALLOW='{"serviceAccount": [], "secrets": "tracker"}')
    assert "ASSAY_TRIAL_ALLOW: serviceAccount: given an unknown field" in said
    assert "did you mean serviceAccounts?" in said
    assert 'ASSAY_TRIAL_ALLOW: secrets: given "tracker"; allowed: a list' in said


@pytest.mark.parametrize("image", ["trainer", "registry.example:5000/trainer", "trainer:latest", "Trainer:1"])
def test_an_image_whose_name_may_come_to_mean_something_else_is_refused(image: str) -> None:
    assert "ASSAY_TRAINER_IMAGE" in problem_with(ASSAY_TRAINER_IMAGE=image)


def test_what_is_wrong_in_a_pod_template_is_said_with_its_path(tmp_path: Path) -> None:
    template = tmp_path / "pods.yaml"
    template.write_text("nodeSelectors: {pool: gpu}\n")
    said = problem_with(ASSAY_POD_TEMPLATE=str(template))
    assert f"ASSAY_POD_TEMPLATE: {template}: nodeSelectors: given an unknown field" in said
    assert "did you mean nodeSelector?" in said
    template.write_text("{")
    assert "a YAML file" in problem_with(ASSAY_POD_TEMPLATE=str(template))
    assert "No such file" in problem_with(ASSAY_POD_TEMPLATE="/nowhere")
