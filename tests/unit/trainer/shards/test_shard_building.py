from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from assay_trainer.data import open_dataset
from assay_trainer.shards import InvalidDataset, InvalidSource, build, build_shards, writing
from assay_trainer.shards.sources.folder import read_folder
from builders.datasets import tiny_arrays, tiny_dataset
from builders.image_files import save_idx, save_images


def multiset(images: np.ndarray, labels: np.ndarray) -> list[tuple[bytes, int]]:
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


def build_tiny(source: Path, destination: Path, **options: object) -> build.BuiltDataset:
    return build_shards(source, str(destination), name="tiny", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["npz", "folder", "idx"])
def test_every_kind_of_source_gives_the_same_images_with_their_labels(tmp_path: Path, kind: str) -> None:
    images, labels = tiny_arrays()
    if kind == "npz":
        np.savez(tmp_path / "source.npz", images=images, labels=labels)
    elif kind == "folder":
        save_images(tmp_path / "source", images, labels)
    else:
        save_idx(tmp_path / "source", images, labels, stem="train", packed=True)
    source = tmp_path / ("source.npz" if kind == "npz" else "source")

    opened = open_dataset(build_tiny(source, tmp_path / "shards", held_out_percent=25).dataset)

    (train_x, train_y), (held_x, held_y) = opened.train(8), opened.held_out()
    assert multiset(np.concatenate([train_x, held_x]), np.concatenate([train_y, held_y])) == multiset(images, labels)
    assert np.bincount(held_y).tolist() == [5, 5, 5]
    assert len(set(train_y[:15].tolist())) == 3, "a prefix holds all classes, since the order is shuffled"
    assert opened.manifest.channels == 1
    assert train_x.flags.writeable


def test_a_source_with_a_split_of_its_own_keeps_it(tmp_path: Path) -> None:
    images, labels = tiny_arrays()
    np.savez(tmp_path / "a.npz", x_train=images[:50], y_train=labels[:50], x_test=images[50:], y_test=labels[50:])
    save_idx(tmp_path / "b", images[:50], labels[:50], stem="train", packed=False)
    save_idx(tmp_path / "b", images[50:], labels[50:], stem="t10k", packed=False)
    save_images(tmp_path / "c" / "train", images[:50], labels[:50])
    save_images(tmp_path / "c" / "test", images[50:], labels[50:])
    for source in ("a.npz", "b", "c"):
        opened = open_dataset(build_tiny(tmp_path / source, tmp_path / f"shards-{source}").dataset)
        assert multiset(*opened.held_out()) == multiset(images[50:], labels[50:])
        assert multiset(*opened.train()) == multiset(images[:50], labels[:50])


def test_colour_images_stay_in_colour_and_grey_ones_among_them_join(tmp_path: Path) -> None:
    images, labels = tiny_arrays(channels=3)
    save_images(tmp_path / "source", images, labels)
    PIL.Image.fromarray(images[0, :, :, 0]).save(tmp_path / "source" / "class-0" / "grey.png")
    opened = open_dataset(build_tiny(tmp_path / "source", tmp_path / "shards").dataset)
    assert opened.manifest.channels == 3
    assert opened.train()[0].shape[1:] == (8, 8, 3)


def test_all_sizes_hold_the_same_examples_in_the_same_order(tmp_path: Path) -> None:
    opened = open_dataset(tiny_dataset(tmp_path, sizes=(8, 4, 3)))
    large, labels = opened.train(8)
    for size in (4, 3):
        small, small_labels = opened.train(size)
        assert small.shape[1:] == (size, size, 1)
        assert np.array_equal(labels, small_labels)
        assert np.abs(small.mean((1, 2, 3)) - large.mean((1, 2, 3))).max() < 1, "area averaging keeps the mean"


def test_half_the_size_averages_blocks_of_four_and_rounds_halves_up(tmp_path: Path) -> None:
    images = np.zeros((4, 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = [0, 1, 2, 255]
    np.savez(tmp_path / "a.npz", x=images, y=np.array([0, 0, 1, 1]))
    opened = open_dataset(build_tiny(tmp_path / "a.npz", tmp_path / "shards", sizes=(1,), held_out_percent=50).dataset)
    assert sorted(np.concatenate([opened.train()[0], opened.held_out()[0]]).ravel().tolist()) == [0, 0, 1, 64]


def test_the_same_input_gives_the_same_digest_anywhere(tmp_path: Path) -> None:
    first = tiny_dataset(tmp_path / "a")
    assert tiny_dataset(tmp_path / "b").digest == first.digest
    assert tiny_dataset(tmp_path / "c", seed=1).digest != first.digest
    assert first.content == "sha256:e98b10dc6b857d3a3ff910513f4940e645e044b49863572b05b75b9883f8ffd8"


def test_many_shards_are_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = open_dataset(tiny_dataset(tmp_path / "whole"))
    monkeypatch.setattr(writing, "BLOCK_BYTES", 3 * 64)
    monkeypatch.setattr(writing, "FILE_BYTES", 1500)
    cut = open_dataset(tiny_dataset(tmp_path / "cut"))
    assert len(list((tmp_path / "cut" / "shards" / "train" / "image-8").glob("0*"))) > 2
    assert cut.reference.content == whole.reference.content, "which files hold it does not count"
    for size in (8, 4):
        assert np.array_equal(whole.train(size)[0], cut.train(size)[0])


def test_building_again_goes_on_and_never_overwrites(tmp_path: Path) -> None:
    first = tiny_dataset(tmp_path)
    (lost,) = (tmp_path / "shards" / "train" / "image-8").glob("0*")
    lost.unlink()
    assert tiny_dataset(tmp_path) == first
    assert lost.exists()

    before = sorted(path for path in (tmp_path / "shards").rglob("*"))
    with pytest.raises(InvalidDataset, match="another data set is here already"):
        tiny_dataset(tmp_path, seed=1)
    assert sorted(path for path in (tmp_path / "shards").rglob("*")) == before

    lost.write_bytes(b"damaged")
    with pytest.raises(InvalidDataset, match="damaged"):
        tiny_dataset(tmp_path)


def test_what_cannot_be_built_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    images, labels = tiny_arrays()

    def refused(source: Path, want: str, **options: object) -> None:
        with pytest.raises(InvalidSource, match=want):
            build_tiny(source, tmp_path / "shards", **options)
        assert not (tmp_path / "shards").exists()

    def refused_npz(want: str, **arrays: np.ndarray) -> None:
        np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
        refused(tmp_path / "a.npz", want)

    refused(tmp_path / "missing", "missing: no such file or folder; allowed: .*npz")
    refused_npz("arrays named picture, y; allowed: x, y", picture=images, y=labels)
    refused_npz("labels of shape .59,. for 60 images", x=images, y=labels[:59])
    refused_npz("type float64; allowed: uint8", x=images / 255, y=labels)
    refused_npz(r"shape \(60, 64\); allowed", x=images.reshape(60, 64), y=labels)
    refused_npz("labels of type float64", x=images, y=labels / 2)
    refused_npz("class 0: no examples to train on", x=images[:3], y=labels[:3])
    refused_npz("1 classes; expected two or more", x=images, y=labels * 0)
    np.savez(tmp_path / "a.npz", x=images, y=labels)
    refused(tmp_path / "a.npz", "size 16; allowed: 1 to 8", sizes=(16, 8))
    refused(tmp_path / "a.npz", "held-out percent 0; allowed: 1 to 99", held_out_percent=0)
    refused(tmp_path / "a.npz", "seed -1; allowed", seed=-1)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    refused(tmp_path / "a.npz", "not an .npz file")
    np.savez(tmp_path / "a.npz", x=images, y=np.array([None] * 60))
    refused(tmp_path / "a.npz", "can't be read as .npz")

    save_idx(tmp_path / "idx", images, labels, stem="train", packed=False)
    whole = (tmp_path / "idx" / "train-images-idx3-ubyte").read_bytes()
    (tmp_path / "idx" / "train-images-idx3-ubyte").write_bytes(whole[:-1])
    refused(tmp_path / "idx", "3839 bytes of content; its header says .60, 8, 8., 3840 bytes")
    (tmp_path / "idx" / "train-labels-idx1-ubyte").unlink()
    refused(tmp_path / "idx", "no train-labels file beside train-images")

    folder = tmp_path / "folder"
    save_images(folder, images, labels)
    PIL.Image.fromarray(images[0, :4, :, 0]).save(folder / "class-0" / "flat.png")
    refused(folder, "flat.png: 8x4 pixels, where 000.png has 8x8")
    (folder / "class-0" / "flat.png").write_bytes(b"no image")
    refused(folder, "flat.png: can't be read as an image")
    (folder / "class-0" / "flat.png").unlink()
    (folder / "class-3").mkdir()
    refused(folder, "class-3: no images")


def test_an_image_cut_short_is_named(tmp_path: Path) -> None:
    images, labels = tiny_arrays()
    save_images(tmp_path / "source", images, labels)
    victim = tmp_path / "source" / "class-1" / "001.png"
    victim.write_bytes(victim.read_bytes()[:-40])
    source = read_folder(tmp_path / "source")
    with pytest.raises(InvalidSource, match=r"001.png: can't be decoded"):
        source.read(np.arange(60))
