"""The S3 server of a test session, and a place in it for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from builders.s3_server import BUCKET, S3Server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield an S3 server, which starts when a test first asks for it."""
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def pods_s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield a second S3 server, which pods reach too: at the cluster's `host_address`."""
    with S3Server(tmp_path_factory.mktemp("pods-s3"), bind="0.0.0.0") as server:
        yield server


@pytest.fixture
def s3_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Return the server, with this process' environment set so that boto3 finds it, and nothing else."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ASSAY_S3_"))]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def own_s3(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """Yield a server for this test alone, which may stop it. This process' environment lets boto3 find it."""
    with S3Server(tmp_path_factory.mktemp("own-s3")) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def s3_uri(s3_environment: S3Server) -> str:
    """Return the URI of an empty prefix in the server's bucket."""
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"
