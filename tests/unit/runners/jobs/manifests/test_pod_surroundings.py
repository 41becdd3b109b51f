"""What a program in a pod depends on beside its image."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.resources import EnvironmentVariable, PodTemplate
from assay.planning.study.programs import Program, Surroundings
from assay.runners.jobs.manifests.surroundings import object_digest, pod_surroundings
from assay.runners.jobs.settings import TrialSettings
from assay.runners.protocol import UnusableProgram
from assay_trainer.contract import Input, digest
from builders.s3_server import BUCKET, S3Server

INSTALLATIONS = TrialSettings(
    pod_template=PodTemplate(
        env=(EnvironmentVariable(name="TOKENIZER", value="bpe"), EnvironmentVariable(name="REGION", value="eu"))
    )
)
STUDYS = PodTemplate(
    env=(
        EnvironmentVariable(name="TOKENIZER", value="unigram"),
        EnvironmentVariable(name="EMPTY", value=""),
        EnvironmentVariable(name="HIDDEN", value_from={"secretKeyRef": {"name": "s", "key": "k"}}),
        EnvironmentVariable(name="COMPOSED", value="$(TOKENIZER)-2"),
    )
)


def surroundings(*, inputs: tuple[str, ...] = (), digested: tuple[str, ...] = (), **given: Any) -> Surroundings:
    program = Program("team:train", "i@sha256:0", None, inputs, digested)
    return pod_surroundings(program, STUDYS, INSTALLATIONS, given.get("digest_of", lambda uri: digest(uri.encode())))


def test_variables_count_by_what_the_pod_template_says_the_studys_first() -> None:
    found = surroundings(digested=("EMPTY", "REGION", "TOKENIZER"))
    assert found == Surroundings((), {"EMPTY": "", "REGION": "eu", "TOKENIZER": "unigram"})


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("HIDDEN", "comes from elsewhere"),
        ("COMPOSED", "refers to others"),
        ("MISSING", "podTemplate.env does not have (it has values of COMPOSED, EMPTY, REGION, TOKENIZER)"),
    ],
)
def test_a_value_that_is_not_said_there_is_no_value(name: str, want: str) -> None:
    with pytest.raises(UnusableProgram) as caught:
        surroundings(digested=(name,))
    assert caught.value.field == "environment.digested"
    assert caught.value.given == f'"{name}"'
    assert want in str(caught.value)


def test_a_path_means_nothing_in_a_cluster() -> None:
    with pytest.raises(UnusableProgram) as caught:
        surroundings(inputs=("s3://b/a", "table.npz"))
    assert (caught.value.field, caught.value.given) == ("inputs[1]", '"table.npz"')
    assert "a path means something only to `assay run`" in caught.value.allowed


def test_objects_count_by_their_version_and_are_not_read(s3_uri: str, s3_environment: S3Server) -> None:
    s3, uri = s3_environment.client(), f"{s3_uri}/stopwords.txt"
    key = uri.removeprefix(f"s3://{BUCKET}/")
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"the a an")
    first = surroundings(inputs=(uri,), digest_of=object_digest)
    assert first == surroundings(inputs=(uri,), digest_of=object_digest)
    assert isinstance(first.inputs[0], Input)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"the an a")
    assert surroundings(inputs=(uri,), digest_of=object_digest) != first
    with pytest.raises(UnusableProgram, match="where there is nothing"):
        surroundings(inputs=(f"{s3_uri}/nothing.txt",), digest_of=object_digest)
