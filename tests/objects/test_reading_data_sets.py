"""Data sets on a real S3 server that goes wrong: what passes is read again, and what does not is said."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay_trainer import contract
from assay_trainer.data import open_dataset
from assay_trainer.objects import StoreError
from assay_trainer.objects.s3_client import S3Settings
from assay_trainer.shards import InvalidDataset, writing
from builders.datasets import put_dataset, tiny_dataset
from builders.s3_faults import (
    Fault,
    FaultyS3,
    answers,
    answers_with_all,
    breaks_off,
    flips_a_bit,
    loses_response,
    stalls,
)
from builders.s3_server import S3Server

PASSING = [answers(503, "SlowDown"), answers(500, "InternalError"), loses_response, breaks_off, stalls, flips_a_bit]
PARTS = ["manifest.json", "train/image-8/blocks", "train/image-8/0", "train/fields"]


@pytest.fixture
def proxy(s3_environment: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    with FaultyS3(s3_environment) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
        impatient = S3Settings(read_seconds=0.5, retry_seconds=1)
        monkeypatch.setattr(S3Settings, "from_environment", lambda *_: impatient)
        yield proxy


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> contract.Dataset:
    monkeypatch.setattr(writing, "BLOCK_BYTES", 512)
    return tiny_dataset(tmp_path)


@pytest.fixture(params=["no cache", "cache"])
def cache(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(contract.CACHE_VARIABLE, str(folder) if request.param == "cache" else "")
    return folder


def transient(fault: Fault, times: int) -> Fault:
    """Return a fault that happens to the first requests of each object only."""
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def happen(handler: Any, body: bytes) -> None:
        assert isinstance(handler, BaseHTTPRequestHandler)
        with lock:
            seen[handler.path.partition("?")[0]] += 1
            happens = seen[handler.path.partition("?")[0]] <= times
        if happens:
            fault(handler, body)  # type: ignore[arg-type]
            return
        response, data = handler.forward(body)  # type: ignore[attr-defined]
        handler.respond(response.status, dict(response.getheaders()), data)  # type: ignore[attr-defined]

    return happen


def read(dataset: contract.Dataset) -> tuple[np.ndarray, np.ndarray]:
    return open_dataset(dataset).train()


@pytest.mark.parametrize("fault", [*PASSING, answers_with_all])
def test_what_passes_is_read_again_and_is_right(
    proxy: FaultyS3, local: contract.Dataset, cache: Path, s3_uri: str, fault: Fault
) -> None:
    want = read(local)
    dataset = put_dataset(local, s3_uri)
    proxy.below[s3_uri.removeprefix("s3:/")] = transient(fault, 1)
    for _ in range(2):
        found = read(dataset)
        assert np.array_equal(found[0], want[0])
        assert np.array_equal(found[1], want[1])


@pytest.mark.parametrize("part", PARTS)
def test_bits_that_are_always_wrong_are_damage_and_never_a_batch(
    proxy: FaultyS3, local: contract.Dataset, cache: Path, s3_uri: str, part: str
) -> None:
    dataset = put_dataset(local, s3_uri)
    proxy.below[f"{s3_uri.removeprefix('s3:/')}/{part}"] = flips_a_bit
    for _ in range(2):
        # of whole objects boto3 has a checksum
        with pytest.raises((InvalidDataset, StoreError), match=r"digest|checksum"):
            read(dataset)
    proxy.below.clear()
    assert np.array_equal(read(dataset)[0], read(local)[0])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("fault", [answers(503, "SlowDown"), breaks_off])
def test_a_server_that_stays_wrong_is_the_store_s_failure(
    proxy: FaultyS3, local: contract.Dataset, cache: Path, s3_uri: str, part: str, fault: Fault
) -> None:
    dataset = put_dataset(local, s3_uri)
    proxy.below[f"{s3_uri.removeprefix('s3:/')}/{part}"] = fault
    with pytest.raises(StoreError) as failed:
        read(dataset)
    assert failed.value.may_pass


@pytest.mark.parametrize("part", PARTS)
def test_what_is_gone_is_named(proxy: FaultyS3, local: contract.Dataset, cache: Path, s3_uri: str, part: str) -> None:
    dataset = put_dataset(local, s3_uri)
    proxy.below[f"{s3_uri.removeprefix('s3:/')}/{part}"] = answers(404, "NoSuchKey")
    with pytest.raises(InvalidDataset, match=part):
        read(dataset)
