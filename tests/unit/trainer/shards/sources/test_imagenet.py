"""ImageNet as people have it: training images in class folders, held-out ones in one folder beside a list."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from assay_trainer.data import open_dataset
from assay_trainer.shards import BuiltDataset, InvalidSource, Part, build_shards

CLASSES = ("n01440764", "n02102040", "n03000684")


def save(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((4, 4, 3), value, np.uint8)).save(path, "PNG")


def training(folder: Path, inner: str = "") -> None:
    for label, name in enumerate(CLASSES):
        for number in range(2):
            save(folder / name / inner / f"{name}_{number}.JPEG", label)


def built(source: Path, **options: Part) -> BuiltDataset:
    return build_shards(source, str(source.with_name("shards")), name="imagenet", **options)  # type: ignore[arg-type]


def held_out_as_listed(result: BuiltDataset) -> bool:
    opened = open_dataset(result.dataset)
    images, labels = opened.held_out()
    return len(labels) == 6 and np.array_equal(images[:, 0, 0, 0], labels)


def test_imagenet_of_kaggle_is_read_as_it_is_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "imagenet"
    data = source / "ILSVRC" / "Data" / "CLS-LOC"
    training(data / "train")
    rows = ["ImageId,PredictionString"]
    for number in range(6):
        save(data / "val" / f"ILSVRC2012_val_{number:08}.JPEG", number % 3)
        rows.append(f"ILSVRC2012_val_{number:08},{CLASSES[number % 3]} 1 2 3 4 {CLASSES[number % 3]} 5 6 7 8 ")
        save(data / "test" / f"ILSVRC2012_test_{number:08}.JPEG", 9)
    (source / "LOC_val_solution.csv").write_text("\n".join(rows))
    result = built(source)
    assert result.manifest.classes == CLASSES
    assert held_out_as_listed(result)
    assert "6 images are of the classes that LOC_val_solution.csv says" in result.notes
    assert {each.kind: each.count for each in result.left_out}["images of the part `test`"] == 6


def test_tiny_imagenet_is_read_as_it_is_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "tiny-imagenet-200"
    training(source / "train", "images")
    lines = []
    for number in range(6):
        save(source / "val" / "images" / f"val_{number}.JPEG", number % 3)
        lines.append(f"val_{number}.JPEG\t{CLASSES[number % 3]}\t0\t32\t44\t62")
        save(source / "test" / "images" / f"test_{number}.JPEG", 9)
    (source / "val" / "val_annotations.txt").write_text("\n".join(lines))
    (source / "wnids.txt").write_text("\n".join(CLASSES))
    assert held_out_as_listed(built(source))


def test_a_list_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    source = tmp_path / "tiny"
    training(source / "train")
    save(source / "val" / "images" / "a.JPEG", 0)
    (source / "val" / "val_annotations.txt").write_text("a.JPEG\t../../etc\t0")
    with pytest.raises(InvalidSource, match=r"val_annotations.txt: a class called ../../etc; expected the name of a"):
        built(source)
    (source / "val" / "val_annotations.txt").write_bytes(b"a.JPEG\t\xff\xfe\n")
    with pytest.raises(InvalidSource, match=r"val_annotations.txt: can't be read"):
        built(source)
