from __future__ import annotations

import os
from io import BytesIO

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from assay_trainer.objects import open_objects, split_object_uri
from assay_trainer.objects.s3_client import S3Settings, s3_client
from assay_trainer.objects.s3_errors import store_error


@pytest.fixture(autouse=True)
def _settings_of_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "ASSAY_S3_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")


@pytest.mark.parametrize(
    ("uri", "want"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://my.bucket-1/a/b_c/", "s3://my.bucket-1/a/b_c"),
    ],
)
def test_an_s3_uri_names_a_bucket_and_perhaps_a_prefix(uri: str, want: str) -> None:
    assert open_objects(uri).uri == want


@pytest.mark.parametrize(
    "uri",
    [
        "s3://",
        "s3:///prefix",
        "s3://ab/prefix",
        "s3://Bucket/prefix",
        "s3://buck_et",
        "s3://bucket/a//b",
        "s3://bucket/.a",
        "s3://bucket/../a",
        "s3://bucket/a?b",
        "s3://bucket/a b",
        "s3://key:secret@bucket/a",
    ],
)
def test_an_s3_uri_that_is_none_is_refused_with_what_is_allowed(uri: str) -> None:
    with pytest.raises(ValueError, match=r"s3://bucket or s3://bucket/prefix, the bucket of 3 to 63"):
        open_objects(uri)


def test_the_uri_of_an_object_in_s3_is_split() -> None:
    assert split_object_uri("s3://bucket/data/manifest.json") == ("s3://bucket/data", "manifest.json")
    assert split_object_uri("s3://bucket/manifest.json") == ("s3://bucket", "manifest.json")
    with pytest.raises(ValueError, match="not the URI of an object"):
        split_object_uri("s3://bucket")


@pytest.mark.parametrize(
    ("style", "endpoint", "want"),
    [
        (None, None, "https://bucket.s3.eu-central-1.amazonaws.com/key"),
        (None, "https://s3.example.com", "https://s3.example.com/bucket/key"),
        ("path", None, "https://s3.eu-central-1.amazonaws.com/bucket/key"),
        ("virtual", "https://s3.example.com", "https://bucket.s3.example.com/key"),
    ],
)
def test_buckets_are_addressed_as_set(
    monkeypatch: pytest.MonkeyPatch, style: str | None, endpoint: str | None, want: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    if style:
        monkeypatch.setenv("ASSAY_S3_ADDRESSING_STYLE", style)
    urls: list[str] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        urls.append(request.url)
        return AWSResponse(request.url, 200, {}, HTTPResponse(BytesIO(), preload_content=False))

    client = s3_client(S3Settings.from_environment())
    client.meta.events.register("before-send.s3", answer)
    client.head_object(Bucket="bucket", Key="key")
    assert urls == [want]


def test_a_process_has_one_client_for_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    first = s3_client(S3Settings())
    assert s3_client(S3Settings()) is first
    assert s3_client(S3Settings(page_size=2)) is not first
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: -1)
        assert s3_client(S3Settings()) is not first
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert s3_client(S3Settings()) is not first


@pytest.mark.parametrize(
    ("name", "value", "want"),
    [
        ("ASSAY_S3_ADDRESSING_STYLE", "dns", "path, virtual, auto"),
        ("ASSAY_S3_RETRY_SECONDS", "soon", "0 to 3600"),
        ("ASSAY_S3_RETRY_SECONDS", "-1", "0 to 3600"),
        ("ASSAY_S3_RETRY_SECONDS", "nan", "0 to 3600"),
    ],
)
def test_a_setting_that_is_none_is_refused_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, want: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=f"{name}: given '{value}'; allowed: {want}"):
        open_objects("s3://bucket")


def test_a_refused_web_identity_is_not_taken_for_a_refusal_by_s3() -> None:
    response = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    error = store_error(ClientError(response, "AssumeRoleWithWebIdentity"), "s3://bucket/a", None)
    assert "no credentials" in str(error)
    assert "AssumeRoleWithWebIdentity" in str(error)
