"""Tar archives as WebDataset has them are read in place."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from assay_trainer.data import open_dataset
from assay_trainer.shards import BuiltDataset, InvalidSource, Part, build_shards

File = tuple[str, bytes]


def an_image(value: int, size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", size, (value, value, value)).save(file, "PNG")
    return file.getvalue()


def archive(path: Path, files: Sequence[File | tarfile.TarInfo]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as opened:
        for each in files:
            if isinstance(each, tarfile.TarInfo):
                opened.addfile(each)
                continue
            info = tarfile.TarInfo(each[0])
            info.size = len(each[1])
            opened.addfile(info, io.BytesIO(each[1]))
    return path


def samples(first: int, number: int, classes: int = 12) -> list[File]:
    return [
        file
        for place in range(first, first + number)
        for file in ((f"{place:04}.cls", str(place % classes).encode()), (f"{place:04}.png", an_image(place)))
    ]


def built(source: Path, **options: Any) -> BuiltDataset:
    return build_shards(source, str(source.with_name("shards")), name="tars", **options)


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(InvalidSource) as caught:
        built(source, **options)
    assert not source.with_name("shards").exists()
    return str(caught.value)


def test_an_image_has_the_class_of_its_key_and_classes_that_are_numbers_are_in_their_order(tmp_path: Path) -> None:
    result = built(archive(tmp_path / "all.tar", [*samples(0, 36), ("0000.json", b"{}"), ("LICENSE", b"free")]))
    opened = open_dataset(result.dataset)
    images, labels = opened.train()
    assert result.manifest.classes == tuple(map(str, range(12)))
    assert np.array_equal(images[:, 0, 0, 0] % 12, labels)
    assert {each.kind: each.count for each in result.left_out} == {
        ".json files, which are no images": 1,
        "other files, which are no images": 1,
    }


def test_archives_named_as_parts_are_the_split(tmp_path: Path) -> None:
    source = tmp_path / "set"
    for number in range(2):
        archive(source / f"photos-train-{number:06}.tar", samples(24 * number, 24))
    archive(source / "photos-val-000000.tar", samples(100, 12))
    archive(source / "photos-test-000000.tar", samples(200, 24))
    (source / "index.json").write_text("{}")
    result = built(source)
    assert (result.manifest.train.examples, result.manifest.held_out.examples) == (48, 24)
    assert [(each.kind, each.count) for each in result.left_out] == [("archives of other parts", 1)]
    (tmp_path / "shards").rename(tmp_path / "first")
    assert built(source, hold_out=Part.VALIDATION).manifest.held_out.examples == 12


def test_without_classes_beside_them_images_are_of_their_folder(tmp_path: Path) -> None:
    files = [(f"./photos/{name}/{place}.png", an_image(place)) for name in ("cat", "dog") for place in range(3)]
    assert built(archive(tmp_path / "all.tar", files)).manifest.classes == ("cat", "dog")


def test_photos_of_any_shape_and_damaged_ones_are_treated_as_files_are(tmp_path: Path) -> None:
    files = [(f"{name}/{place}.png", an_image(9, (20, 10 + place))) for name in ("cat", "dog") for place in range(3)]
    source = archive(tmp_path / "all.tar", [*files, ("dog/7.png", b"no image")])
    assert "all.tar/dog/7.png: can't be read as an image: it begins with b'no image'" in refusal(source, sizes=(8,))
    result = built(source, sizes=(8,), skip_unreadable=True)
    assert result.manifest.train.examples + result.manifest.held_out.examples == 6


def test_names_that_lead_elsewhere_write_nothing_and_links_are_left_out(tmp_path: Path) -> None:
    link = tarfile.TarInfo("cat/link.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    files = [(f"../../{name}/{place}.png", an_image(place)) for name in ("cat", "dog") for place in range(3)]
    result = built(archive(tmp_path / "below" / "deeper" / "all.tar", [*files, link]))
    assert [(each.kind, each.count) for each in result.left_out] == [("links, devices and sparse files", 1)]
    assert sorted(path.name for path in (tmp_path / "below").iterdir()) == ["deeper"]
    assert [path.name for path in tmp_path.iterdir()] == ["below"]


def test_archives_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    def refused(want: str, files: Sequence[File]) -> None:
        said = refusal(archive(tmp_path / "bad.tar", files))
        assert want in said, said

    refused("bad.tar: 0000 has no class; expected a file 0000.cls", [("0000.png", an_image(0))])
    refused("a/0 has 2 images; expected one to a key", [("a/0.png", an_image(0)), ("a/0.jpg", an_image(0))])
    refused("a/0.png is there twice", [("a/0.png", an_image(0)), ("a/0.png", an_image(0))])
    refused("images of 1 classes; expected two or more", samples(0, 3, classes=1))
    refused("0.cls has 2000 bytes; expected a class", [("0.png", an_image(0)), ("0.cls", b"1" * 2000)])
    refused("is of the class ''", [("0.png", an_image(0)), ("0.cls", b" ")])
    refused("no images in 1 archives", [("0.txt", b"")])
    whole = archive(tmp_path / "bad.tar", samples(0, 24))
    whole.write_bytes(whole.read_bytes()[:5000])
    assert "can't be read as a tar archive: unexpected end of data" in refusal(whole)
    whole.write_bytes(b"\0" * 100)
    assert "can't be read as a tar archive" in refusal(whole)


def test_an_archive_that_was_cut_between_two_files_is_said_to_have_no_end(tmp_path: Path) -> None:
    path = archive(tmp_path / "all.tar", samples(0, 24, classes=2))
    with tarfile.open(path) as opened:
        last = opened.getmembers()[-2].offset
    assert not [note for note in built(path).notes if "cut short" in note]
    path.write_bytes(path.read_bytes()[:last])
    notes = build_shards(path, str(tmp_path / "other"), name="tars").notes
    assert "all.tar: no end mark follows its last file: it may have been cut short" in notes
