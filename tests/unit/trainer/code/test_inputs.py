"""The digest of what a train function reads by itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from assay_trainer.code import inputs
from assay_trainer.code.inputs import edited, inspect_input
from assay_trainer.contract import Input, InputInspected, digest


def inspected(path: Path | str) -> InputInspected:
    return inspect_input(path if isinstance(path, str) else path.as_uri())


def a_folder(folder: Path) -> Path:
    (folder / "inner").mkdir(parents=True)
    (folder / "table.npz").write_bytes(b"1 2 3")
    (folder / "inner/labels.txt").write_bytes(b"a b c")
    return folder


def test_a_file_counts_by_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "größe & co.txt"
    file.write_bytes(b"abc")
    assert inspected(file).digest == digest(b"abc")
    (tmp_path / "link").symlink_to(file)
    assert inspected(tmp_path / "link").digest == digest(b"abc")


def test_a_folder_counts_by_what_it_holds_wherever_it_is(tmp_path: Path) -> None:
    one, other = a_folder(tmp_path / "one"), a_folder(tmp_path / "elsewhere" / "other")
    assert inspected(one).digest == inspected(other).digest is not None


EDITS: dict[str, Callable[[Path], object]] = {
    "labels shuffled": lambda folder: (folder / "inner/labels.txt").write_bytes(b"b a c"),
    "a file more": lambda folder: (folder / "more").write_bytes(b""),
    "a hidden file more": lambda folder: (folder / ".vocabulary").write_bytes(b""),
    "a file less": lambda folder: (folder / "table.npz").unlink(),
    "a file renamed": lambda folder: (folder / "table.npz").rename(folder / "table2.npz"),
    "a file moved": lambda folder: (folder / "table.npz").rename(folder / "inner/table.npz"),
    "a link to nothing": lambda folder: (folder / "link").symlink_to("nowhere"),
    "two files changed over": lambda folder: (
        (folder / "table.npz").write_bytes(b"a b c"),
        (folder / "inner/labels.txt").write_bytes(b"1 2 3"),
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_every_edit_of_a_folder_is_seen(tmp_path: Path, edit: Callable[[Path], object]) -> None:
    folder = a_folder(tmp_path / "folder")
    before = inspected(folder)
    assert before.digest is not None
    listed = Input(uri=before.uri, digest=before.digest)
    assert edited([listed], {before.uri: before.stamp}) is None
    edit(folder)
    assert inspected(folder).digest not in (before.digest, None)
    assert edited([listed], {before.uri: before.stamp}) == before.uri


def test_what_was_only_touched_is_not_edited(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    before = inspected(folder)
    assert before.digest is not None
    (folder / "table.npz").write_bytes(b"1 2 3")
    os.utime(folder / "inner/labels.txt", ns=(1, 1))
    assert inspected(folder).stamp != before.stamp
    assert edited([Input(uri=before.uri, digest=before.digest)], {before.uri: before.stamp}) is None


def test_what_python_and_assay_write_into_a_folder_does_not_count(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    before = inspected(folder).digest
    for name in ("__pycache__", ".assay", "inner/.git"):
        (folder / name).mkdir()
        (folder / name / "file").write_bytes(b"1")
    assert inspected(folder).digest == before


def test_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    (folder / "inner/back").symlink_to(folder)
    assert inspected(folder).digest is not None


def test_names_that_are_no_text_count(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder")
    before = inspected(folder).digest
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b"")
    assert inspected(folder).digest not in (before, None)


def test_what_has_no_end_or_is_not_there_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    folder = a_folder(tmp_path / "folder")
    os.mkfifo(folder / "inner/pipe")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        want_errors = {
            "file:///dev/zero": "it is a socket or a device",
            (tmp_path / "socket").as_uri(): "it is a socket or a device",
            (tmp_path / "pipe").as_uri(): "it is a pipe",
            folder.as_uri(): "inner/pipe in it is a pipe",
            (tmp_path / "empty").as_uri(): "it is a folder without files",
            (tmp_path / "nothing").as_uri(): "there is nothing",
            (tmp_path / "loop").as_uri(): "Too many levels of symbolic links",
            "file:///proc/self/environ": "has not as many bytes as its size says",
            "http://example.org/table.npz": "it is neither a path nor s3://bucket/name",
            "s3://Bucket/": "is not the URI of an object",
        }
        for uri, want in want_errors.items():
            found = inspect_input(uri)
            assert found.digest is None
            assert want in (found.error or ""), uri


def test_what_is_too_much_is_said_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_folder(tmp_path / "folder")
    with (folder / "sparse").open("wb") as file:
        file.truncate(inputs.MOST_BYTES + 1)
    assert "more than 100,000 files, or 64 GiB" in (inspected(folder).error or "")
    (folder / "sparse").unlink()
    monkeypatch.setattr(inputs, "MOST_FILES", 1)
    assert "more than 1 files" in (inspected(folder).error or "")
