"""The object layer on a real S3 server."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assay_trainer.objects import (
    ObjectNotFound,
    Objects,
    ObjectTooLarge,
    StoreError,
    open_objects,
    s3_body,
    split_object_uri,
)
from assay_trainer.objects.s3 import LOOK_FIRST_BYTES, PROBE, S3Objects
from assay_trainer.objects.s3_client import S3Settings
from assay_trainer.objects.s3_ranges import close_connections
from builders import s3_server
from builders.objects_conformance import ObjectsConformance
from builders.s3_faults import (
    Fault,
    FaultyS3,
    answers,
    answers_with_all,
    breaks_off,
    drips,
    ignores_condition,
    loses_response,
    stalls,
)
from builders.s3_server import BUCKET, READER_ACCESS_KEY, READER_SECRET_KEY, S3Server

IMPATIENT = S3Settings(retry_seconds=0)


@pytest.fixture
def objects(s3_uri: str) -> Objects:
    return open_objects(s3_uri)


class TestS3Objects(ObjectsConformance):
    def test_its_uri_opens_it_again(self, objects: Objects) -> None:
        objects.put_if_absent("a/b", b"1")
        prefix, name = split_object_uri(f"{objects.uri}/a/b")
        assert open_objects(f"{prefix}/").get(name) == b"1"

    def test_a_list_goes_over_pages(self, objects: Objects, s3_uri: str) -> None:
        names = [f"results/{number:02}" for number in range(7)]
        for name in names:
            objects.put_if_absent(name, b"")
        pages = S3Objects(BUCKET, s3_uri.rpartition("/")[2], S3Settings(page_size=2))
        assert list(pages.list("results/")) == list(pages.list("")) == names

    def test_what_is_no_object_of_ours_is_not_listed(self, objects: Objects, s3_environment: S3Server) -> None:
        folder = objects.uri.rpartition("/")[2]
        for key in ("a", "of a person", ".hidden", "folder/.hidden", "ä"):
            s3_environment.client().put_object(Bucket=BUCKET, Key=f"{folder}/{key}", Body=b"")
        s3_environment.client().put_object(Bucket=BUCKET, Key=f"{folder}-other/b", Body=b"")
        assert list(objects.list("")) == ["a"]

    def test_a_large_object_is_read_whole_and_in_part(self, objects: Objects) -> None:
        data = random.Random(0).randbytes(LOOK_FIRST_BYTES + 1)
        assert objects.put_if_absent("shard", data)
        assert objects.get("shard") == data
        buffer = bytearray(LOOK_FIRST_BYTES)
        assert objects.read_into("shard", 5, memoryview(buffer)) == LOOK_FIRST_BYTES - 4
        assert buffer[:-4] == data[5:]

    def test_of_two_who_open_it_apart_and_write_at_once_one_wins(self, s3_uri: str) -> None:
        both = open_objects(s3_uri), open_objects(s3_uri)
        with ThreadPoolExecutor(2) as pool:
            for number in range(10):
                won = list(pool.map(lambda objects, name=f"{number}": objects.put_if_absent(name, b""), both))
                assert won.count(True) == 1


def test_a_bucket_is_a_store_without_a_prefix(s3_environment: S3Server) -> None:
    objects = open_objects(f"s3://{BUCKET}")
    assert objects.uri == f"s3://{BUCKET}"
    assert objects.put_if_absent("without-a-prefix/a", b"1")
    assert list(objects.list("without-a-prefix/")) == ["without-a-prefix/a"]


@pytest.mark.parametrize(
    ("name", "value", "wants"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", ["SignatureDoesNotMatch", "correct AWS_SECRET_ACCESS_KEY"]),
        ("AWS_ACCESS_KEY_ID", "nobody", ["InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"]),
        ("AWS_ACCESS_KEY_ID", None, ["redentials", "AWS_SECRET_ACCESS_KEY"]),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1", ["http://127.0.0.1:1", "Connection refused"]),
        ("AWS_ENDPOINT_URL_S3", "nonsense", ["nonsense"]),
        ("AWS_PROFILE", "nobodys", ["nobodys"]),
    ],
)
def test_wrong_settings_are_said_with_what_to_do(
    s3_uri: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, wants: list[str]
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    objects = S3Objects(BUCKET, s3_uri.rpartition("/")[2], IMPATIENT)
    for call in (lambda: objects.get("a"), lambda: objects.put_if_absent("a", b""), lambda: objects.list("")):
        with pytest.raises(StoreError) as raised:
            call()
        assert not isinstance(raised.value, ObjectNotFound)
        for want in [s3_uri, *wants]:
            assert want in str(raised.value)


def test_a_token_file_that_is_not_there_is_said(s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/assay")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(StoreError, match="/nowhere/token"):
        open_objects(s3_uri).get("a")


def test_a_bucket_that_is_not_there_is_said(s3_environment: S3Server) -> None:
    objects = open_objects("s3://no-such-bucket/prefix")
    for call in (lambda: objects.get("a"), lambda: objects.put_if_absent("a", b""), lambda: objects.list("")):
        with pytest.raises(StoreError, match=r"s3://no-such-bucket/prefix.*NoSuchBucket.*create it"):
            call()


def test_who_may_only_read_is_told_what_is_missing(s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_objects(s3_uri).put_if_absent("a", b"1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER_SECRET_KEY)
    reader = open_objects(s3_uri)
    assert reader.get("a") == b"1"
    assert list(reader.list("")) == ["a"]
    with pytest.raises(StoreError, match=r"AccessDenied.*s3:PutObject"):
        reader.put_if_absent("b", b"")


def test_a_server_that_comes_back_in_time_was_never_away(s3_environment: S3Server, objects: Objects) -> None:
    objects.put_if_absent("before", b"1")
    s3_environment.stop()
    comes_back = threading.Thread(target=s3_environment.start)
    comes_back.start()
    try:
        assert objects.put_if_absent("after", b"2")
        assert objects.get("before") == b"1"
    finally:
        comes_back.join()


class TestWithFaults:
    @pytest.fixture
    def proxy(self, s3_environment: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
        with FaultyS3(s3_environment) as proxy:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
            yield proxy

    @pytest.fixture
    def objects(self, proxy: FaultyS3, s3_uri: str) -> Objects:
        return open_objects(s3_uri)

    @pytest.mark.parametrize(
        "fault",
        [answers(503, "SlowDown"), answers(500, "InternalError"), answers(400, "RequestTimeout"), loses_response],
    )
    def test_what_passes_is_tried_again(self, proxy: FaultyS3, objects: Objects, fault: Fault) -> None:
        objects.put_if_absent("a", b"data")
        state = random.getstate()
        proxy.faults = [fault, fault, fault]
        assert objects.get("a") == b"data"
        proxy.faults = [fault]
        assert list(objects.list("")) == ["a"]
        assert random.getstate() == state  # a trial's numbers must not depend on the network's luck

    def test_a_server_that_was_waited_for_is_not_waited_for_again_by_every_call(
        self, proxy: FaultyS3, s3_uri: str
    ) -> None:
        objects = S3Objects(BUCKET, s3_uri.rpartition("/")[2], IMPATIENT)
        tries = []
        for answered in (False, False, True, False):
            proxy.requests.clear()
            proxy.faults = [] if answered else [answers(503, "SlowDown")] * 9
            if answered:
                assert list(objects.list("")) == []
            else:
                with pytest.raises(StoreError, match="SlowDown"):
                    objects.get("a")
            tries.append(len(proxy.requests))
        assert tries == [2, 1, 1, 2]

    def test_a_body_that_breaks_off_is_read_again(self, proxy: FaultyS3, objects: Objects) -> None:
        objects.put_if_absent("a", b"0123456789" * 1000)
        proxy.faults = [breaks_off]
        assert objects.get("a") == b"0123456789" * 1000

    def test_a_body_that_drips_is_given_up(
        self, proxy: FaultyS3, objects: Objects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_body, "PATIENCE_SECONDS", 0.1)
        objects.put_if_absent("a", bytes(10_000))
        proxy.faults = [drips]
        proxy.requests.clear()
        with pytest.raises(StoreError, match=r"/a: \d+ of 10000 bytes came in 0 s, which is too slow") as slow:
            objects.get("a")
        assert slow.value.may_pass
        assert len(proxy.requests) == 1
        assert objects.get("a") == bytes(10_000)

    @pytest.mark.parametrize(
        ("fault", "times"),
        [
            *((answers(503, "SlowDown"), times) for times in (1, 2)),
            *((fault, times) for fault in (loses_response, breaks_off, stalls) for times in (1, 3)),
            (answers_with_all, 1),
        ],
    )
    def test_a_part_is_read_in_spite_of_what_passes(
        self, proxy: FaultyS3, s3_uri: str, fault: Fault, times: int
    ) -> None:
        objects = S3Objects(BUCKET, s3_uri.rpartition("/")[2], S3Settings(read_seconds=0.2))
        data = random.Random(0).randbytes(1 << 18)
        objects.put_if_absent("a", data)
        buffer = bytearray(1 << 17)
        assert objects.read_into("a", 0, memoryview(buffer)) == 1 << 17
        proxy.faults = [fault] * times
        assert objects.read_into("a", 1 << 16, memoryview(buffer)) == 1 << 17
        assert buffer == data[1 << 16 : 3 << 16]
        assert not proxy.faults

    def test_a_part_that_drips_is_given_up(
        self, proxy: FaultyS3, objects: Objects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_body, "PATIENCE_SECONDS", 0.1)
        objects.put_if_absent("a", bytes(10_000))
        proxy.faults = [drips]
        with pytest.raises(StoreError, match=r"/a: \d+ of 5000 bytes came in 0 s, which is too slow"):
            objects.read_into("a", 0, memoryview(bytearray(5_000)))

    def test_a_part_that_may_not_be_read_is_said(
        self, proxy: FaultyS3, s3_uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        with pytest.raises(StoreError, match=r"SignatureDoesNotMatch.*correct AWS_SECRET_ACCESS_KEY"):
            open_objects(s3_uri).read_into("a", 0, memoryview(bytearray(1)))

    def test_parts_come_over_few_connections(self, proxy: FaultyS3, objects: Objects) -> None:
        objects.put_if_absent("a", bytes(100_000))
        close_connections()
        before = proxy.connections
        for start in range(0, 100_000, 10_000):
            assert objects.read_into("a", start, memoryview(bytearray(10_000))) == 10_000
        assert proxy.connections == before + 1

    def test_of_what_is_too_large_nothing_is_waited_for(self, proxy: FaultyS3, objects: Objects) -> None:
        objects.put_if_absent("a", bytes(10_000))
        proxy.faults = [drips]
        with pytest.raises(ObjectTooLarge, match="/a: 10000 bytes; allowed: 9999"):
            objects.get("a", limit=9_999)

    def test_a_few_names_are_found_among_many_in_a_few_requests(self, proxy: FaultyS3, s3_uri: str) -> None:
        objects = S3Objects(BUCKET, s3_uri.rpartition("/")[2], S3Settings(page_size=5))
        names = [f"results/{number:03d}.json" for number in range(100)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda name: objects.put_if_absent(name, b""), names))
        proxy.requests.clear()
        assert list(objects.list("results/", ["017.", "018.", "080.", "200."])) == [names[17], names[18], names[80]]
        assert len(proxy.requests) <= 4

    def test_what_does_not_pass_is_not_tried_again(self, proxy: FaultyS3, objects: Objects) -> None:
        proxy.faults = [answers(403, "AccessDenied")]
        with pytest.raises(StoreError, match="AccessDenied"):
            objects.get("a")
        assert len(proxy.requests) == 1

    def test_who_wrote_knows_it_though_the_response_was_lost(self, proxy: FaultyS3, objects: Objects) -> None:
        objects.put_if_absent("probes", b"")
        proxy.faults = [loses_response]
        assert objects.put_if_absent("a", b"data")
        assert not objects.put_if_absent("a", b"data")

    def test_who_was_too_late_knows_it_though_the_data_are_the_same(self, proxy: FaultyS3, objects: Objects) -> None:
        objects.put_if_absent("a", b"data")
        proxy.faults = [answers(503, "SlowDown")]
        assert not objects.put_if_absent("a", b"data")

    def test_a_large_object_is_not_sent_if_the_name_is_taken(self, proxy: FaultyS3, objects: Objects) -> None:
        data = bytes(LOOK_FIRST_BYTES)
        assert objects.put_if_absent("shard", data)
        proxy.requests.clear()
        assert not objects.put_if_absent("shard", data)
        assert [method for method, _ in proxy.requests] == ["HEAD"]

    def test_a_conflict_with_another_writer_is_tried_again(self, proxy: FaultyS3, objects: Objects) -> None:
        objects.put_if_absent("probes", b"")
        proxy.faults = [answers(409, "ConditionalRequestConflict")]
        assert objects.put_if_absent("a", b"")

    def test_whether_conditions_are_honoured_is_asked_once(self, proxy: FaultyS3, s3_uri: str) -> None:
        for name in ("a", "b"):
            assert open_objects(s3_uri).put_if_absent(name, b"")
        folder = s3_uri.rpartition("/")[2]
        probes = [path for _, path in proxy.requests if path == f"/{BUCKET}/{folder}/{PROBE}"]
        assert len(probes) == 2  # to take the name, and to be refused; 1 where an earlier process has taken it

    @pytest.mark.parametrize("always", [ignores_condition, answers(501, "NotImplemented")])
    def test_without_conditions_the_second_best_is_done_and_said(
        self, proxy: FaultyS3, objects: Objects, caplog: pytest.LogCaptureFixture, always: Fault
    ) -> None:
        proxy.always = always
        assert objects.put_if_absent("a", b"first")
        assert not objects.put_if_absent("a", b"second")
        proxy.faults = [None, loses_response]
        assert objects.put_if_absent("b", b"data")
        assert not objects.put_if_absent("b", b"data")
        assert [objects.get(name) for name in objects.list("")] == [b"first", b"data"]
        (record,) = caplog.records
        assert "does not honour If-None-Match" in record.message


def test_a_port_by_which_another_users_server_left_a_socket_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seaweedfs-s3-31001.sock").touch()
    (tmp_path / "seaweedfs-volume-31002.sock").touch()
    offered = iter([[31001, 31003], [31002], [31004]])
    monkeypatch.setattr(s3_server, "free_ports", lambda _count: next(offered))
    me = (tmp_path / "seaweedfs-s3-31001.sock").stat().st_uid
    assert s3_server.ports_for_a_server(2, tmp_path, user=me) == [31001, 31003]
    offered = iter([[31001, 31003], [31002], [31004]])
    assert s3_server.ports_for_a_server(2, tmp_path, user=me + 1) == [31003, 31004]
