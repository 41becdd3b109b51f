"""What people really have in their folders: it is used, or counted and named, or refused with the way in."""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from assay_trainer.data import open_dataset
from assay_trainer.objects import StoreError
from assay_trainer.shards import BuiltDataset, InvalidDataset, InvalidSource, Part, build_shards
from builders.datasets import tiny_arrays
from builders.image_files import idx_bytes, save_idx, save_images

IMAGES, LABELS = tiny_arrays(side=8, per_class=4, channels=3)
EXIF_ORIENTATION = 0x0112

Make = Callable[[Path], object]


def save(path: Path, pixels: Any = None, **options: Any) -> Path:
    """An image of 8x8 pixels, unless others are given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = (
        pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(IMAGES[0] if pixels is None else pixels)
    )
    image.save(path, **options)
    return path


def two_classes(folder: Path, *, suffix: str = ".png", each: int = 3) -> Path:
    """cats and dogs."""
    for label, name in enumerate(("cats", "dogs")):
        for number in range(each):
            save(folder / name / f"{number}{suffix}", IMAGES[(label + 3 * number) % len(IMAGES)])
    return folder


def built(source: Path, **options: Any) -> BuiltDataset:
    return build_shards(source, str(source.with_name("shards")), name="odd", **options)


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises((InvalidSource, InvalidDataset)) as caught:
        built(source, **options)
    assert not source.with_name("shards").exists()
    return str(caught.value)


def counts(built: BuiltDataset) -> tuple[int, int]:
    return built.manifest.train.examples, built.manifest.held_out.examples


def left_out(built: BuiltDataset) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {each.kind: (each.count, each.examples) for each in built.left_out}


# ----------------------------------------------------------------------------- names of files


@pytest.mark.parametrize(
    "suffix", [".gif", ".jfif", ".avif", ".webp", ".tif", ".TIFF", ".bmp", ".JPG", ".JPEG", ".PnG", ".jpe", ".pnm"]
)
def test_images_of_every_usual_suffix_are_used(tmp_path: Path, suffix: str) -> None:
    assert sum(counts(built(two_classes(tmp_path / "photos", suffix=suffix)))) == 6


def test_an_image_without_a_suffix_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    for number, kind in enumerate(("PNG", "JPEG", "GIF", "WEBP")):
        save(source / "cats" / f"n0153282{number}_12", format=kind)
        save(source / "cats" / f"frame.000{number}", format=kind)
    assert sum(counts(built(source))) == 6 + 8


NO_IMAGES: dict[str, tuple[Make, str]] = {
    "._0.png": (lambda path: path.write_bytes(b"\0\5\x16\7"), "hidden or system files"),
    ".hidden.png": (lambda path: save(path), "hidden or system files"),
    ".DS_Store": (lambda path: path.write_bytes(b"\0"), "hidden or system files"),
    "Thumbs.db": (lambda path: path.write_bytes(b"\xd0\xcf"), "hidden or system files"),
    "desktop.ini": (lambda path: path.write_text("[x]"), "hidden or system files"),
    "notes.txt": (lambda path: path.write_text("blurred"), ".txt files, which are no images"),
    "0.json": (lambda path: path.write_text("{}"), ".json files, which are no images"),
    "README": (lambda path: path.write_text("read"), "other files, which are no images"),
    "clip.mp4": (lambda path: path.write_bytes(b"\0"), ".mp4 files, which are no images"),
    "IMG_1.HEIC": (lambda path: path.write_bytes(b"\0"), ".heic images, a format that is not read"),
    "scan.dcm": (lambda path: path.write_bytes(b"\0"), ".dcm images, a format that is not read"),
    "pipe.png": (lambda path: os.mkfifo(path), "pipes, sockets or devices"),
    "gone.txt": (lambda path: path.symlink_to("nowhere"), "links to nowhere"),
    "round": (lambda path: path.symlink_to(path.parent.parent), "links in a circle"),
    "myself": (lambda path: path.symlink_to(path), "links to nowhere"),
    "itself": (lambda path: path.symlink_to(path.parent), "links in a circle"),
}


@pytest.mark.parametrize("name", NO_IMAGES)
def test_what_is_no_image_is_left_out_counted_and_named(tmp_path: Path, name: str) -> None:
    make, want = NO_IMAGES[name]
    source = two_classes(tmp_path / "photos")
    plain = built(source)
    make(source / "cats" / name)
    again = built(source)
    assert again.dataset == plain.dataset
    assert plain.left_out == ()
    assert left_out(again) == {want: (1, (f"cats/{name}",))}


def test_what_is_left_out_is_counted_by_kind_with_a_few_examples(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    for number in range(30):
        (source / "cats" / f"{number}.kind{number:02}").write_text("")
    for number in range(5):
        (source / "dogs" / f"{number}.xml").write_text("<x/>")
    save(source / "cover.png")
    (source / "__MACOSX").mkdir()
    found = left_out(built(source))
    assert found[".xml files, which are no images"] == (5, ("dogs/0.xml", "dogs/1.xml", "dogs/2.xml"))
    assert found["images outside the class folders"] == (1, ("cover.png",))
    assert found["hidden or system files"] == (1, ("__MACOSX",))
    assert len(found) == 21
    assert sum(count for count, _ in found.values()) == 37


def test_names_of_any_characters_are_taken(tmp_path: Path) -> None:
    source = tmp_path / "my photos ü"
    for name in ("fluffy cats", "собаки", "鳥"):
        for number in range(2):
            save(source / name / f"a b {number} é.png")
    save(source / "鳥" / "\udcff\udcfe.png")
    result = built(source)
    assert result.manifest.classes == ("fluffy cats", "собаки", "鳥")
    assert sum(counts(result)) == 7

    (tmp_path / "second").mkdir()
    second = two_classes(tmp_path / "second" / "photos")
    save(second / "\udcff" / "0.png")  # what Python calls a name that is not UTF-8
    said = refusal(second)
    assert "class folder '\\udcff': a name that can't be printed" in said
    said.encode()


def test_images_in_deeper_folders_and_behind_links_belong_to_their_class(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    save(source / "cats" / "2019" / "may" / "0.png")
    save(tmp_path / "elsewhere" / "1.png")
    (source / "dogs" / "more").symlink_to(tmp_path / "elsewhere")
    (source / "dogs" / "linked.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (source / "birds").symlink_to(source / "cats")
    result = built(source)
    assert result.manifest.classes == ("birds", "cats", "dogs")
    assert sum(counts(result)) == 4 + 4 + 5
    (note,) = result.notes
    assert note.startswith("3 images lie in folders below their class folder, such as birds/2019/may/0.png, ")


# ----------------------------------------------------------------------------- parts


def parts(folder: Path, *names: str, flat: tuple[str, ...] = ()) -> Path:
    """A part of two classes by each name, with as many images a class as its place; without classes if it is flat."""
    for place, name in enumerate(names, start=1):
        if name in flat:
            for number in range(place):
                save(folder / name / f"{number}.png")
        else:
            two_classes(folder / name, each=place)
    return folder


@pytest.mark.parametrize(
    ("names", "want"),
    [
        (("train", "test"), "test"),
        (("Train", "Test"), "Test"),
        (("TRAIN", "VAL"), "VAL"),
        (("train", "eval"), "eval"),
        (("training", "validation"), "validation"),
        (("training_set", "test_set"), "test_set"),
        (("train2017", "val2017"), "val2017"),
        (("train-images", "valid-images"), "valid-images"),
        (("train", "dev"), "dev"),
        (("train", "held-out"), "held-out"),
        (("trainset", "testset"), "testset"),
    ],
)
def test_parts_are_known_by_their_names_in_any_case(tmp_path: Path, names: tuple[str, str], want: str) -> None:
    result = built(parts(tmp_path / "photos", *names))
    assert (counts(result), result.notes, result.left_out) == ((2, 4), (), ())
    assert want in names


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "Validation", "TESTING"), ("train", "dev", "holdout")]
)
def test_of_three_parts_the_test_part_is_held_out_unless_another_is_asked_for(
    tmp_path: Path, names: tuple[str, str, str]
) -> None:
    source = parts(tmp_path / "photos", *names)
    result = built(source)
    assert counts(result) == (2, 6)
    (note,) = result.notes
    assert f"`{names[2]}` is held out (--hold-out validation holds out `{names[1]}` instead)" in note
    assert left_out(result) == {f"images of the part `{names[1]}`": (4, (f"{names[1]}/cats/0.png",))}

    (tmp_path / "second").mkdir()
    other = built(parts(tmp_path / "second" / "photos", *names), hold_out=Part.VALIDATION)
    assert counts(other) == (2, 4)
    assert left_out(other) == {f"images of the part `{names[2]}`": (6, (f"{names[2]}/cats/0.png",))}


def test_a_test_part_without_classes_is_left_out(tmp_path: Path) -> None:
    result = built(parts(tmp_path / "photos", "unused", "train", "test", flat=("test",)))
    assert counts(result) == (2, 2), "a fifth of the training part's four images, at least one of each class"
    assert left_out(result) == {
        "images of the part `test`": (3, ("test/0.png",)),
        "images of the folder `unused`": (2, ("unused/cats/0.png",)),
    }


def test_a_training_part_alone_is_split_as_a_single_folder_is(tmp_path: Path) -> None:
    result = built(parts(tmp_path / "photos", "unused", "train").joinpath("train"))
    (tmp_path / "second").mkdir()
    alone = tmp_path / "second" / "photos"
    two_classes(alone / "train", each=2)
    again = built(alone)
    assert again.manifest.train == result.manifest.train
    assert again.notes == ("the classes are the folders of train",)


def test_folders_around_the_class_folders_are_looked_through(tmp_path: Path) -> None:
    result = built(parts(tmp_path / "photos" / "archive" / "images", "train", "test").parents[1])
    assert counts(result) == (2, 4)
    assert result.notes == (
        "the classes are the folders of archive",
        "the classes are the folders of archive/images",
    )


def test_folders_around_the_classes_of_a_part_are_looked_through(tmp_path: Path) -> None:
    result = built(parts(tmp_path / "photos", "train/images", "test/images"))
    assert (counts(result), result.manifest.classes) == ((2, 4), ("cats", "dogs"))


def test_classes_whose_names_look_the_same_are_said(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    for name in ("caf\u00e9", "cafe\u0301"):
        for number in range(3):
            save(source / name / f"{number}.png")
    result = built(source)
    assert result.manifest.classes == ("cafe\u0301", "caf\u00e9", "cats", "dogs")
    assert result.notes == ("the classes cafe\u0301 and caf\u00e9 differ by how their letters are encoded alone",)


def test_heic_is_said_to_be_heic(tmp_path: Path) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    source = two_classes(tmp_path / "photos")
    (source / "cats" / "named wrongly.jpg").write_bytes(heic)
    assert (
        "named wrongly.jpg: can't be read as an image: it is HEIC, a format that is not read: convert it to JPEG"
        in (refusal(source))
    )
    only = tmp_path / "only" / "photos"
    for name in ("cats", "dogs"):
        (only / name).mkdir(parents=True)
        (only / name / "0.HEIC").write_bytes(heic)
    assert "there are 2 .heic images, which are not read: convert them to JPEG or PNG" in refusal(only)


def test_a_name_of_several_lines_is_shown_on_one(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    (source / "cats" / "two\nlines.png").write_bytes(b"")
    assert "\n  cats/two\\nlines.png: can't be read as an image: it is empty\n" in refusal(source)
    (found,) = built(source, skip_unreadable=True).left_out
    assert found.examples == ("cats/two\\nlines.png: can't be read as an image: it is empty",)


def test_classes_that_differ_by_capital_letters_are_said(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    save(source / "Cats" / "0.png")
    save(source / "Cats" / "1.png")
    assert built(source).notes == ("the classes Cats and cats differ by capital letters alone",)


def test_classes_that_are_named_as_parts_are_classes(tmp_path: Path) -> None:
    for name in ("train", "bus", "test"):
        for number in range(2):
            save(tmp_path / "vehicles" / name / f"{number}.png")
    assert built(tmp_path / "vehicles").manifest.classes == ("bus", "test", "train")


def empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


REFUSED_PARTS: dict[str, tuple[Make, list[str]]] = {
    "two test parts": (
        lambda f: parts(f, "train", "test", "Testing"),
        ["Testing, test are all named as the test part"],
    ),
    "no training part": (lambda f: parts(f, "val", "test"), ["no class folders to train on beside val, test"]),
    "no classes": (
        lambda f: parts(f, "train", "test", flat=("train", "test")),
        ["train, test have images and no class folders", "expected train/<class>/<image>"],
    ),
    "an empty part": (
        lambda f: (parts(f, "train"), empty(f / "val")),
        ["val: no images; expected class folders as in train"],
    ),
    "a class in one part alone": (
        lambda f: (parts(f, "train", "test"), save(f / "train" / "birds" / "0.png")),
        ["test/birds: no such class folder, where train/birds has one; expected the same classes in both parts"],
    ),
    "a class held out alone": (
        lambda f: (parts(f, "train", "test"), save(f / "test" / "cats2" / "0.png")),
        ["train/cats2: no such class folder, where test/cats2 has one", "did you mean 'cats'?"],
    ),
    "parts within classes": (
        lambda f: [save(f / a / b / "0.png") for a in ("cats", "dogs") for b in ("train", "test")],
        ["cats: has parts within the class (test, train); expected them above the classes: train/cats, test/cats"],
    ),
    "an empty class": (
        lambda f: (two_classes(f), empty(f / "birds")),
        ["birds: no images; expected some, or no such"],
    ),
    "one class": (lambda f: save(f / "cats" / "0.png"), ["1 class folders with images (cats); expected two or more"]),
    "images alone": (
        lambda f: [save(f / f"{number}.png") for number in range(3)],
        ["0 class folders with images, and 3 images in no class folder; expected two or more", "allowed: a folder of"],
    ),
    "nothing": (lambda f: empty(f), ["0 class folders with images; expected two or more; allowed: a folder of class"]),
}


@pytest.mark.parametrize("kind", REFUSED_PARTS)
def test_parts_and_classes_that_can_not_be_used_are_named(tmp_path: Path, kind: str) -> None:
    make, wants = REFUSED_PARTS[kind]
    make(tmp_path / "photos")
    said = refusal(tmp_path / "photos")
    assert [want for want in wants if want not in said] == [], said


def test_a_part_to_hold_out_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(parts(tmp_path / "photos", "train", "val"), hold_out=Part.TEST)
    assert "no part `test` with class folders to hold out; the folder has validation" in said


# ----------------------------------------------------------------------------- pixels


def bomb(path: Path) -> None:
    """A few kilobytes that say they are 20 000 pixels a side."""
    save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = (20_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)


def smaller_bomb(path: Path) -> None:
    """More pixels than Pillow likes, fewer than it refuses."""
    PIL.Image.new("1", (10_000, 10_000)).save(path)


def truncated(path: Path) -> None:
    save(path, np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-60])


UNUSABLE: dict[str, tuple[Make, str]] = {
    "a bomb": (bomb, "decompression bomb"),
    "a smaller bomb": (smaller_bomb, "10000x10000 pixels, more than 89,478,485: a decompression bomb?"),
    "truncated": (truncated, "can't be decoded: "),
    "empty": (lambda path: path.write_bytes(b""), "can't be read as an image: it is empty"),
    "a text": (
        lambda path: path.write_text("<!DOCTYPE html>"),
        "can't be read as an image: it begins with b'<!DOCTYPE html>'",
    ),
    "a Git LFS pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
        "can't be read as an image: it is a pointer of Git LFS (git lfs pull fetches it)",
    ),
    "fractions": (
        lambda path: save(path, PIL.Image.new("F", (8, 8)), format="TIFF"),
        "pixels of mode F; allowed: 1, L, LA, RGB, RGBA, P, PA, CMYK, YCbCr, I;16, I;16B, I;16L, I;16N, I: convert it",
    ),
    "32 bits": (
        lambda path: save(path, PIL.Image.new("I", (8, 8), 70_000), format="TIFF"),
        "pixels from 70000 to 70000; allowed: 0 to 65535",
    ),
    "a link to itself": (lambda path: path.symlink_to(path), "can't be read as an image: Too many levels of symbolic"),
    "a link to nowhere": (lambda path: path.symlink_to("../.git/annex"), "can't be read as an image: No such file"),
    "a header alone": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "can't be read as an image: "),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_image_that_can_not_be_used_is_named_and_may_be_skipped(tmp_path: Path, kind: str) -> None:
    make, want = UNUSABLE[kind]
    source = two_classes(tmp_path / "photos")
    (tmp_path / "plain").mkdir()
    plain = built(two_classes(tmp_path / "plain" / "photos"))
    make(source / "cats" / "bad.png")
    said = refusal(source)
    assert "1 of 7 images can't be used:\n  cats/bad.png: " in said
    assert want in said
    assert said.endswith("mend or remove them; --skip-unreadable builds without them")

    skipped = built(source, skip_unreadable=True)
    assert skipped.dataset.digest == plain.dataset.digest, "as if it had never been there"
    count, (example,) = left_out(skipped)["images that can't be used"]
    assert (count, example.startswith("cats/bad.png: ")) == (1, True)


def test_what_is_skipped_does_not_decide_whether_images_are_grey(tmp_path: Path) -> None:
    save_images(tmp_path / "photos", IMAGES[..., :1], LABELS)
    truncated(tmp_path / "photos" / "class-0" / "colour.png")
    assert built(tmp_path / "photos", skip_unreadable=True).manifest.channels == 1


def test_of_many_images_that_can_not_be_used_the_first_are_listed(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    for number in range(20):
        (truncated if number % 2 else bomb)(source / "dogs" / f"bad{number:02}.png")
    said = refusal(source)
    assert "20 of 26 images can't be used" in said
    assert said.count("\n  dogs/bad") == 10, "what a header shows and what it does not, together"
    assert "  and 10 more\n" in said


def test_a_class_of_which_no_image_can_be_used_is_named(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos", each=2)
    for path in (source / "cats").iterdir():
        path.write_bytes(b"")
    assert "class cats: no examples to train on" in refusal(source, skip_unreadable=True)


def test_photos_of_other_sizes_are_refused_with_two_files_and_a_way_in_that_works(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    for name in ("cats", "dogs"):
        save(source / name / "0.jpg", PIL.Image.new("RGB", (50, 37)))
        save(source / name / "1.jpg", PIL.Image.new("RGB", (37, 50)))
    said = refusal(source)
    assert f"{source}/cats/1.jpg: 37x50 pixels, where 0.jpg has 50x37 (2 of 50x37, 2 of 37x50)" in said
    assert "expected square images of one size: give a size to scale them to, such as --sizes 64" in said
    assert built(source, sizes=(32, 16)).manifest.train.sizes == (16, 32)


def test_files_of_one_name_that_differ_in_size_are_told_apart(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos", each=1)
    save(source / "dogs" / "0.png", IMAGES[0, :4])
    said = refusal(source)
    assert "dogs/0.png: 8x4 pixels, where cats/0.png has 8x8" in said


def test_photos_of_one_size_that_is_no_square_are_refused_as_such(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    for name in ("cats", "dogs"):
        save(source / name / "0.jpg", PIL.Image.new("RGB", (500, 375)))
    said = refusal(source)
    assert "cats/0.jpg: 500x375 pixels, as all 2 images are; expected squares: give a size to scale them to" in said
    assert "where 0.jpg has" not in said


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_an_image_is_turned_upright_as_its_exif_says(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "photos"
    options: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {}
    for name in ("cats", "dogs"):
        exif = PIL.Image.Exif()
        exif[EXIF_ORIENTATION] = 6
        save(source / name / f"0{suffix}", IMAGES[1], exif=exif, **options)
        save(source / name / f"1{suffix}", np.rot90(IMAGES[1], -1), **options)
    result = built(source)
    opened = open_dataset(result.dataset)
    images = np.concatenate([opened.train()[0], opened.held_out()[0]])
    assert all(np.array_equal(image, np.rot90(IMAGES[1], -1)) for image in images)
    if suffix != ".tif":  # Pillow turns those itself
        assert result.notes == (
            f"2 images were turned upright, as their EXIF orientation says (such as cats/0{suffix})",
        )


def test_the_size_of_an_image_is_that_of_it_held_upright(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    exif = PIL.Image.Exif()
    exif[EXIF_ORIENTATION] = 8
    for name in ("cats", "dogs"):
        save(source / name / "0.jpg", PIL.Image.new("RGB", (50, 37)))
        save(source / name / "1.jpg", PIL.Image.new("RGB", (50, 37)), exif=exif)
    assert "cats/1.jpg: 37x50 pixels, where 0.jpg has 50x37" in refusal(source)


def test_conversions_that_lose_something_are_said(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    frames = [PIL.Image.fromarray(each).convert("P") for each in IMAGES[:3]]
    frames[0].save(source / "cats" / "moving.gif", save_all=True, append_images=frames[1:])
    save(source / "cats" / "clear.png", PIL.Image.new("RGBA", (8, 8)))
    palette = PIL.Image.fromarray(IMAGES[0]).convert("P")
    save(source / "dogs" / "palette.png", palette, transparency=b"\x00\x80")
    save(source / "dogs" / "press.jpg", PIL.Image.new("CMYK", (8, 8)))
    result = built(source)
    assert sum(counts(result)) == 10
    assert result.notes == (
        "1 images have several frames: the first is used (such as cats/moving.gif)",
        "2 images have transparency, which is dropped (such as cats/clear.png)",
    )


# ----------------------------------------------------------------------------- arrays


def arrays(**shapes: int) -> dict[str, np.ndarray]:
    """Images and labels by key: as many examples as it says; keys of labels are those without images."""
    return {
        key: IMAGES[:number] if any(word in key.lower() for word in ("x", "image")) else LABELS[:number]
        for key, number in shapes.items()
    }


@pytest.mark.parametrize(
    ("keys", "want"),
    [
        ({"x_train": 6, "y_train": 6, "x_val": 3, "y_val": 3}, (6, 3)),
        ({"X_train": 6, "Y_train": 6, "X_test": 3, "Y_test": 3}, (6, 3)),
        ({"train_x": 6, "train_y": 6, "valid_x": 3, "valid_y": 3}, (6, 3)),
        ({"xTrain": 6, "yTrain": 6, "xTest": 3, "yTest": 3}, (6, 3)),
        ({"Train_Images": 6, "Train_Labels": 6, "Validation_Images": 3, "Validation_Labels": 3}, (6, 3)),
        ({"images_train": 6, "labels_train": 6, "images_eval": 3, "labels_eval": 3}, (6, 3)),
        ({"X": 10, "Y": 10}, (7, 3)),
        ({"images": 10, "targets": 10}, (7, 3)),
        ({"x_train": 10, "y_train": 10}, (7, 3)),
    ],
)
def test_arrays_are_known_by_their_names_in_any_case(
    tmp_path: Path, keys: dict[str, int], want: tuple[int, int]
) -> None:
    np.savez(tmp_path / "data.npz", **arrays(**keys))  # type: ignore[arg-type]
    result = built(tmp_path / "data.npz")
    assert (counts(result), result.left_out) == (want, ())


def test_of_three_parts_of_arrays_the_test_part_is_held_out_unless_another_is_asked_for(tmp_path: Path) -> None:
    """MedMNIST has such files, with labels in a column."""
    given = arrays(train_images=6, val_images=3, test_images=5)
    given |= {key.replace("images", "labels"): LABELS[: len(x)].reshape(-1, 1) for key, x in given.items()}
    np.savez(tmp_path / "data.npz", **given, ids=np.arange(6))  # type: ignore[arg-type]
    result = built(tmp_path / "data.npz")
    assert counts(result) == (6, 5)
    assert left_out(result) == {"arrays": (3, ("val_images", "val_labels", "ids"))}
    (note,) = result.notes
    assert "test_images is held out (--hold-out validation holds out val_images instead)" in note
    (tmp_path / "second").mkdir()
    (tmp_path / "data.npz").rename(tmp_path / "second" / "data.NPZ")
    assert counts(built(tmp_path / "second" / "data.NPZ", hold_out=Part.VALIDATION)) == (6, 3)


@pytest.mark.parametrize(
    ("images", "labels", "want"),
    [
        (IMAGES / 255, LABELS, "images of type float64; allowed: uint8, 0 to 255: (images * 255).round()"),
        (IMAGES.astype(np.int64), LABELS, "images of type int64; allowed: uint8, 0 to 255: images.astype(np.uint8)"),
        (IMAGES.transpose(0, 3, 1, 2), LABELS, "images.transpose(0, 2, 3, 1)"),
        (IMAGES[..., 0].reshape(len(IMAGES), -1), LABELS, "images.reshape(-1, 8, 8)"),
        (IMAGES[:, :4], LABELS, "crop or scale them first"),
        (np.zeros((12, 8, 8, 4), np.uint8), LABELS, "images[..., :3] drops transparency"),
        (IMAGES, np.eye(3)[LABELS], "one-hot labels become integers by labels.argmax(1)"),
        (IMAGES, LABELS.astype(float), "labels of type float64; allowed: integers or strings: labels.astype(int)"),
        (IMAGES, np.array([None] * 12), "y holds Python objects, which are not opened"),
    ],
)
def test_arrays_that_can_not_be_used_are_refused_with_the_way_in(
    tmp_path: Path, images: np.ndarray, labels: np.ndarray, want: str
) -> None:
    np.savez(tmp_path / "data.npz", x=images, y=labels)
    assert want in refusal(tmp_path / "data.npz")


def test_an_npz_file_that_is_encrypted_or_lies_about_its_size_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=IMAGES, y=LABELS)
    plain = (tmp_path / "data.npz").read_bytes()
    encrypted = bytearray(plain)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := plain.find(mark, at + 1)) >= 0:
            encrypted[at + offset] |= 1
    (tmp_path / "data.npz").write_bytes(encrypted)
    assert "can't be read as .npz: " in refusal(tmp_path / "data.npz")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**15, 8, 8)})
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", header.getvalue())
    assert "can't be read as .npz: " in refusal(tmp_path / "data.npz")


def test_a_class_without_held_out_images_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2])
    assert built(tmp_path / "data.npz").notes == ("no image is held out of the classes 2",)


def test_idx_files_of_several_data_sets_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "emnist"
    save_idx(source, IMAGES[..., :1], LABELS, stem="train", packed=True)
    (source / "notes.txt").write_text("")
    result = built(source)
    assert left_out(result) == {"files or folders beside the idx files": (1, ("notes.txt",))}
    (source / "emnist-letters-train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES[..., 0]))
    with pytest.raises(
        InvalidSource, match=r"emnist-letters-train-images-idx3-ubyte and train-images-idx3-ubyte.gz are of"
    ):
        built(source)


# ----------------------------------------------------------------------------- formats that are not read


def touch(*names: str, content: bytes = b"\0") -> Make:
    def make(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    return make


def coco(folder: Path) -> None:
    save(folder / "train2017" / "0.jpg")
    save(folder / "val2017" / "1.jpg")
    touch("annotations/instances_train2017.json", content=b"{}")(folder)


def voc(folder: Path) -> None:
    save(folder / "JPEGImages" / "0.jpg")
    touch("Annotations/0.xml", "ImageSets/Main/train.txt")(folder)


def yolo(folder: Path) -> None:
    for part in ("train", "val"):
        save(folder / "images" / part / "0.jpg")
    touch("labels/train/0.txt", "labels/val/0.txt", "data.yaml")(folder)


def table(folder: Path) -> None:
    save(folder / "images" / "0.jpg")
    touch("labels.csv", content=b"path,label\nimages/0.jpg,cat\n")(folder)


FOLDERS: dict[str, tuple[Make, list[str]]] = {
    "arrow": (touch("a.arrow"), ["found Arrow or Feather (1 file, such as a.arrow)", "pd.read_feather("]),
    "feather": (touch("a.FEATHER"), ["found Arrow or Feather"]),
    "hugging face": (
        touch("below/train/data-00000-of-00001.arrow", "below/train/dataset_info.json", "below/dataset_dict.json"),
        ["found a data set of Hugging Face", "datasets.load_from_disk("],
    ),
    "tar.gz": (touch("images.tar.gz"), ["found a packed tar archive (1 file", "tar -xf "]),
    "zip": (touch("archive.zip"), ["found a zip archive", "unzip "]),
    "mds": (touch("index.json", "shard.00000.mds"), ["found MDS (MosaicML streaming) (1 file", "StreamingDataset("]),
    "mds, packed": (touch("train/index.json", "train/shard.00000.mds.zstd"), ["found MDS"]),
    "coco": (coco, ["found COCO annotations (1 file, such as annotations/instances_train2017.json)"]),
    "voc": (voc, ["found Pascal VOC annotations (1 file"]),
    "yolo": (yolo, ["found YOLO labels (2 files"]),
    "csv": (table, ["found a table of paths and labels (1 file, such as labels.csv)", "pd.read_csv("]),
    "tsv": (touch("train.tsv", "images/0.gif"), ["found a table of paths and labels"]),
    "tfrecord": (touch("train.tfrecord-00000-of-00002", "train.tfrecord-00001-of-00002"), ["found TFRecord (2 files"]),
    "tfrecords": (touch("a.tfrecords"), ["found TFRecord (1 file"]),
    "hdf5": (touch("train.h5"), ["found HDF5", "h5py.File("]),
    "lmdb": (touch("data.mdb", "lock.mdb"), ["found LMDB (2 files"]),
    "npy": (touch("X.npy", "y.npy"), ["found arrays in .npy files (2 files", "np.load("]),
    "npz": (touch("medmnist.npz"), ["found arrays of an .npz file (1 file", "give the file itself"]),
    "cifar": (
        touch("data_batch_1", "data_batch_2", "test_batch", "batches.meta"),
        ["found pickled CIFAR batches (4 files", "pickle.load("],
    ),
    "cifar-100": (touch("cifar-100-python/train", "cifar-100-python/test"), ["found pickled CIFAR batches"]),
    "cifar, binary": (touch("data_batch_1.bin", "test_batch.bin"), ["found binary CIFAR or STL batches (2 files"]),
    "matlab": (touch("train_32x32.mat"), ["found a MATLAB file", "loadmat("]),
    "torch": (touch("training.pt"), ["found a file of PyTorch", "torch.load("]),
    "pickles": (touch("train.pkl"), ["found pickled objects"]),
    "ffcv": (touch("train.beton"), ["found FFCV, RecordIO or Zarr"]),
    "parquet without a suffix": (touch("part-0", content=b"PAR1...."), ["found Parquet (1 file, such as part-0)"]),
    "hdf5 without a suffix": (touch("blob", content=b"\x89HDF\r\n\x1a\n"), ["found HDF5 (1 file, such as blob)"]),
    "medical": (touch("a.bval", "b.bval", "c.bvec"), ["found files of other kinds: 2 .bval, 1 .bvec"]),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_of_another_format_is_named_with_the_way_in(tmp_path: Path, kind: str) -> None:
    make, wants = FOLDERS[kind]
    make(tmp_path / "photos")
    said = refusal(tmp_path / "photos")
    assert "\n" in said or kind == "medical"
    assert [want for want in [*wants, "allowed: a folder of class folders"] if want not in said] == [], said


def test_shards_that_are_built_are_no_source(tmp_path: Path) -> None:
    built(two_classes(tmp_path / "photos"))
    (tmp_path / "shards").rename(tmp_path / "mine")
    assert "found shards that are built already" in (said := refusal(tmp_path / "mine"))
    assert f"spec.dataset.manifest: {tmp_path}/mine/manifest.json" in said


def tar_bytes() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("cats/0.png"))
    return file.getvalue()


def zip_bytes() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("cats/0.png", b"")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "want"),
    [
        ("data", b"PAR1", "found Parquet"),
        ("data.bin", b"ARROW1\0\0", "found Arrow or Feather"),
        ("data.blob", tar_bytes(), "found a packed tar archive"),
        ("data.tar.gz", b"\x1f\x8b", "found a packed tar archive"),
        ("data.blob", zip_bytes(), "found a zip archive"),
        ("data.hdf5", b"", "found HDF5"),
        ("data.blob", b"\x89HDF\r\n\x1a\n", "found HDF5"),
        ("data.blob", b"\x93NUMPY", "found arrays in .npy files"),
        ("data.blob", b"\x80\x04\x95", "found pickled objects"),
        ("data.mat", b"MATLAB 5.0 MAT-file", "found a MATLAB file"),
        ("train-images-idx3-ubyte", idx_bytes(IMAGES[..., 0]), "found an idx file"),
        ("train-images-idx3-ubyte.gz", b"\x1f\x8b", "found an idx file"),
        ("annotations.json", b"{}", "found COCO annotations or other JSON"),
        ("one.png", b"\x89PNG\r\n\x1a\n", "one image; allowed: a folder of class folders"),
        ("data.blob", b"hello", "a file of another kind, which begins with b'hello'; allowed"),
        ("empty", b"", "a file of another kind, which is empty; allowed"),
    ],
)
def test_a_file_of_another_format_is_named_with_the_way_in(
    tmp_path: Path, name: str, content: bytes, want: str
) -> None:
    (tmp_path / name).write_bytes(content)
    said = refusal(tmp_path / name)
    assert want in said
    assert "allowed: a folder of class folders with images, an .npz file" in said


def test_what_is_elsewhere_or_no_file_is_named(tmp_path: Path) -> None:
    assert "what is elsewhere is copied to this machine first" in refusal(Path("s3://bucket/photos"))
    os.mkfifo(tmp_path / "pipe.npz")
    assert "a pipe, a socket or a device" in refusal(tmp_path / "pipe.npz")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert "a pipe, a socket or a device" in refusal(tmp_path / "s")


# ----------------------------------------------------------------------------- destinations


def test_a_destination_within_the_source_is_no_class(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    first = build_shards(source, str(source / "shards"), name="odd")
    again = build_shards(source, str(source / "shards"), name="odd")
    assert again.dataset == first.dataset
    assert left_out(again) == {"folders: the destination itself": (1, ("shards",))}


def test_a_destination_that_can_not_be_written_is_named_before_anything_is_read(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    (source / "cats" / "bad.png").write_bytes(b"")
    (tmp_path / "file").write_text("")
    for destination, want in (
        (source, "the destination is the source"),
        (tmp_path / "file" / "x", "file is no folder"),
    ):
        with pytest.raises(InvalidDataset, match=want):
            build_shards(source, str(destination), name="odd")


@pytest.fixture
def as_nobody(tmp_path: Path) -> Iterator[None]:
    """Root may read and write everything."""
    if os.getuid():
        yield
        return
    for folder in (tmp_path, *tmp_path.parents):
        if folder == tmp_path or folder.name.startswith(("pytest-", "popen-")):  # pytest lets nobody else enter
            folder.chmod(0o755)
    importlib.import_module("assay_trainer.objects.s3")  # by then nobody, who may not enter the folder of the sources
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_may_not_be_read_or_written_is_named(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    source = two_classes(tmp_path / "photos")
    (source / "cats" / "0.png").chmod(0)
    (tmp_path / "closed").mkdir(mode=0o555)
    (tmp_path / "inner").mkdir()
    listed = two_classes(tmp_path / "inner" / "photos")
    (listed / "cats").chmod(0)
    request.getfixturevalue("as_nobody")
    with pytest.raises(InvalidDataset, match="closed can't be written"):
        build_shards(source, str(tmp_path / "closed" / "shards"), name="odd")
    with pytest.raises(InvalidSource, match=r"cats/0.png: can't be read as an image: Permission denied"):
        build_shards(source, "s3://bucket/shards", name="odd")
    with pytest.raises(InvalidSource, match=r"photos/cats: can't be listed: Permission denied"):
        build_shards(listed, "s3://bucket/shards", name="odd")


def test_an_interrupted_build_leaves_no_data_set_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = two_classes(tmp_path / "photos", each=20)
    want = built(source, sizes=(8, 4)).dataset.digest
    (tmp_path / "shards").rename(tmp_path / "whole")
    syncs = iter(range(100))

    def interrupted(descriptor: int) -> None:
        if next(syncs) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            built(source, sizes=(8, 4))
    left = [path for path in (tmp_path / "shards").rglob("*") if path.is_file()]
    assert len(left) == 2
    assert all(
        (tmp_path / "whole" / path.relative_to(tmp_path / "shards")).read_bytes() == path.read_bytes() for path in left
    )
    assert built(source, sizes=(8, 4)).dataset.digest == want


def test_a_full_disk_is_the_stores_failure_and_leaves_nothing_half(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # the kernel now refuses every byte
    try:
        with pytest.raises(StoreError, match="shards/train/image-8/00000"):
            built(source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in (tmp_path / "shards").rglob("*") if path.is_file()] == []


def test_without_pillow_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay_trainer.shards.sources.image_files.find_spec", lambda name: None)
    assert "reading images needs Pillow, which is not installed" in refusal(two_classes(tmp_path / "photos"))


def test_a_summary_is_plain_data(tmp_path: Path) -> None:
    source = two_classes(tmp_path / "photos")
    (source / "cats" / "\udcff.txt").write_text("")
    result = built(source)
    assert result.found == "class folders"
    json.dumps([each.examples for each in result.left_out]).encode()
    assert result.left_out[0].examples == ("cats/\\udcff.txt",)
