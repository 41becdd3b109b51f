"""A build that was ended goes on: what is in whole files is not decoded again, and the data set is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet
import pytest

from assay_trainer.shards import BuiltDataset, Encoding, InvalidSource, build_shards, split_writing, writing
from assay_trainer.shards.progress import BuildProgress
from assay_trainer.shards.sources import image_files, images
from assay_trainer.shards.writing import GroupWriter

IMAGES = 60
SIDE = 16


def _lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines() if line]


class Killed(BaseException):
    """Stands for a signal that nobody catches."""


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(writing, "BLOCK_BYTES", 2 * SIDE * SIDE * 3)
    monkeypatch.setattr(writing, "FILE_BYTES", 6 * SIDE * SIDE * 3)
    monkeypatch.setattr(split_writing, "READ_BYTES", 5 * SIDE * SIDE * 3)
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path | bytes]:
    """The images that were decoded, one after another."""
    found: list[Path | bytes] = []
    real = images.pixels_of

    def counted(file: Path | bytes, *options: Any) -> np.ndarray:
        found.append(file)
        return real(file, *options)

    monkeypatch.setattr(image_files, "pixels_of", counted)
    return found


def photos(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        path = folder / "photos" / f"class-{number % 3}" / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(random.integers(0, 256, (20, 30, 3), np.uint8)).save(path)
    return folder / "photos"


def table(folder: Path) -> Path:
    files = sorted(photos(folder).rglob("*.png"))
    rows = {"image": [path.read_bytes() for path in files], "label": [path.parent.name for path in files]}
    pyarrow.parquet.write_table(pa.table(rows), folder / "photos.parquet")
    return folder / "photos.parquet"


def build(source: Path, to: str = "shards", **options: Any) -> BuiltDataset:
    return build_shards(source, str(source.parent / to), name="photos", sizes=(SIDE, 8), **options)


def killed_after(files: int, monkeypatch: pytest.MonkeyPatch, source: Path, **options: Any) -> None:
    """Begin a build that ends once so many files of the largest size are written."""
    real, count = GroupWriter._close_file, [0]

    def close(writer: GroupWriter) -> None:
        real(writer)
        count[0] += writer._group == f"image-{SIDE}"
        if count[0] == files:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(GroupWriter, "_close_file", close)
        with pytest.raises(Killed):
            build(source, **options)


@pytest.mark.parametrize("make", [photos, table])
@pytest.mark.parametrize("encode", list(Encoding))
def test_what_was_written_is_not_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any], make: Any, encode: Encoding
) -> None:
    source = make(tmp_path)
    whole = build(source, "whole", encode=encode)
    assert len(decoded) == IMAGES, "once each"
    decoded.clear()

    killed_after(3, monkeypatch, source, encode=encode)
    before = set(decoded)
    (journal,) = (tmp_path / "cache" / "builds").iterdir()
    written = sum(line["file"]["examples"] for line in _lines(journal) if "file" in line)
    assert 12 <= written < IMAGES
    decoded.clear()
    told: list[BuildProgress] = []
    resumed = build(source, encode=encode, told=told.append)
    assert resumed.dataset.digest == whole.dataset.digest
    assert len(decoded) == IMAGES - written
    assert before - set(decoded), "some of the first are not among them"
    assert told[-1].resumed == written
    assert not list((tmp_path / "cache" / "builds").iterdir()), "what is built needs no journal"


def test_a_build_may_be_ended_many_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any]) -> None:
    source = photos(tmp_path)
    whole = build(source, "whole")
    decoded.clear()
    for files in (1, 2, 3, 5, 8):
        killed_after(files, monkeypatch, source)
    assert build(source).dataset.digest == whole.dataset.digest
    assert len(decoded) < 2 * IMAGES, "each time it goes on a little, rather than from its beginning"


def test_an_image_that_is_changed_in_between_is_decoded_anew_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any]
) -> None:
    source = photos(tmp_path)
    killed_after(4, monkeypatch, source)
    changed = decoded[0]
    PIL.Image.new("RGB", (30, 20), (1, 2, 3)).save(changed)
    decoded.clear()
    found = build(source)
    assert changed in decoded
    assert len(decoded) < IMAGES - 6, "only the file that it was in is made anew"
    assert build(source, "elsewhere").dataset.digest == found.dataset.digest


@pytest.mark.parametrize("damage", [b"", b"other bytes"])
def test_files_that_are_gone_or_are_others_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    source = photos(tmp_path)
    whole = build(source, "whole")
    killed_after(3, monkeypatch, source)
    first, second, _ = sorted((tmp_path / "shards" / "train" / f"image-{SIDE}").iterdir())
    first.unlink()
    if not damage:
        assert build(source).dataset.digest == whole.dataset.digest
        return
    second.write_bytes(damage)
    with pytest.raises(Exception, match="damaged"):
        build(source)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"file": 3}', '{"file": {"split": "train"}}', '{"damaged": [1]}', "\0\xff"]
)
def test_lines_of_a_journal_that_make_no_sense_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any], line: str
) -> None:
    source = photos(tmp_path)
    killed_after(3, monkeypatch, source)
    (journal,) = (tmp_path / "cache" / "builds").iterdir()
    journal.write_text(f"{line}\n{journal.read_text()}\n{line}")
    decoded.clear()
    build(source)
    assert len(decoded) < IMAGES - 10


def test_other_options_take_nothing_from_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any]
) -> None:
    source = photos(tmp_path)
    killed_after(3, monkeypatch, source)
    decoded.clear()
    build(source, encode=Encoding.JPEG)
    assert len(decoded) == IMAGES


@pytest.mark.parametrize("cache", ["", "/proc/nowhere", "/dev/null"])
def test_without_a_place_for_a_journal_a_build_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.setenv("ASSAY_CACHE", cache)
    source = photos(tmp_path)
    killed_after(3, monkeypatch, source)
    assert build(source).dataset.digest == build(source, "whole").dataset.digest


def test_damaged_images_are_named_together_and_skipped_ones_are_as_if_they_had_never_been_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[Any]
) -> None:
    (tmp_path / "plain").mkdir()
    plain = build(photos(tmp_path / "plain"))
    source = photos(tmp_path)
    for number in (2, 30):
        path = source / f"class-{number % 3}" / f"{number:03}x.png"
        path.write_bytes((source / f"class-{number % 3}" / f"{number:03}.png").read_bytes()[:-60])
    with pytest.raises(InvalidSource, match="2 of 62 images") as raised:
        build(source)
    assert "class-2/002x.png: can't be decoded" in str(raised.value)
    assert "class-0/030x.png: can't be decoded" in str(raised.value)
    assert not (tmp_path / "shards" / "manifest.json").exists()

    killed_after(3, monkeypatch, source, skip_unreadable=True)
    decoded.clear()
    assert build(source, skip_unreadable=True).dataset.digest == plain.dataset.digest
    assert len(decoded) < IMAGES - 10 + 2, "which were damaged is known, and is only looked at again"


def test_an_image_that_was_damaged_for_a_while_is_not_left_out_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = photos(tmp_path)
    with monkeypatch.context() as patch:
        real = images.pixels_of

        def failing(file: Any, *options: Any) -> np.ndarray:
            if str(file).endswith("007.png"):
                raise images.Unreadable("the network was away")
            return real(file, *options)

        patch.setattr(image_files, "pixels_of", failing)
        with pytest.raises(InvalidSource, match="the network was away"):
            build(source)
    assert not build(source, skip_unreadable=True).left_out
