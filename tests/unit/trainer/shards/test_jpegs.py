"""Images that are kept as JPEGs: what a trial reads of them is what decoded images show."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torch.utils.data import DataLoader

from assay_trainer import contract
from assay_trainer.data import OpenedDataset, open_dataset
from assay_trainer.shards import (
    BuiltDataset,
    Encoding,
    Fit,
    InvalidDataset,
    build_shards,
    inspect_dataset,
    verify_dataset,
    writing,
)
from assay_trainer.shards.format import JpegField, jpeg_of
from assay_trainer.trial import Trial
from assay_trainer.vision import train

SIDE = 48
ORIENTATION = 0x0112


def photo(seed: int, width: int = 90, height: int = 60) -> PIL.Image.Image:
    """Smooth colours, as photos have them."""
    random = np.random.default_rng(seed)
    coarse = PIL.Image.fromarray(random.integers(40, 216, (4, 6, 3), np.uint8))
    return coarse.resize((width, height), PIL.Image.Resampling.BICUBIC)


def photos(folder: Path, images: int = 24) -> Path:
    for number in range(images):
        path = folder / "photos" / ("cats", "dogs")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = PIL.Image.Exif()
        exif[ORIENTATION] = 1 + number % 8
        image = photo(number).convert("CMYK" if number == 5 else "RGB")
        image.save(path, quality=95, exif=exif)
    return folder / "photos"


def built(source: Path, encode: Encoding, **options: Any) -> BuiltDataset:
    return build_shards(source, str(source.with_name(f"shards-{encode}")), name="photos", encode=encode, **options)


def both(folder: Path, **options: Any) -> tuple[OpenedDataset, OpenedDataset]:
    source = photos(folder)
    decoded, kept = (built(source, each, sizes=(SIDE, 16), **options) for each in Encoding)
    return open_dataset(decoded.dataset), open_dataset(kept.dataset)


def jpeg(image: PIL.Image.Image, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", **{"quality": 90, **options})
    return written.getvalue()


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("size", [SIDE, 16, None])
def test_the_same_pixels_come_back_within_the_loss_of_a_jpeg(tmp_path: Path, fit: Fit, size: int | None) -> None:
    decoded, kept = both(tmp_path, fit=fit)
    for part in ("train", "held_out"):
        (want, want_labels), (images, labels) = (getattr(each, part)(size) for each in (decoded, kept))
        assert images.shape == want.shape
        assert np.abs(images.astype(int) - want).mean() < 1.5
        assert labels.tolist() == want_labels.tolist()
        assert images.flags.writeable


def test_sizes_that_nobody_listed_are_there_up_to_the_largest(tmp_path: Path) -> None:
    _, kept = both(tmp_path)
    assert kept.train(31)[0].shape[1:] == (31, 31, 3)
    with pytest.raises(InvalidDataset, match="no train images of size 49; allowed: 1 to 48"):
        kept.train(SIDE + 1)


def test_every_way_of_reading_gives_the_same_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BLOCK_BYTES", 8000)
    monkeypatch.setattr(writing, "FILE_BYTES", 20000)
    _, kept = both(tmp_path)
    want, _ = kept.train(20)
    examples = kept.examples("train", 20)
    assert len(examples.groups[0].blocks) > 2
    assert np.array_equal(examples.arrays()["image"], want)
    mapped = examples.torch()
    assert np.array_equal(np.stack([mapped[place]["image"] for place in range(len(mapped))]), want)
    loader = DataLoader(mapped, batch_size=5, num_workers=2, multiprocessing_context="fork")
    assert np.array_equal(np.concatenate([batch["image"].numpy() for batch in loader]), want)
    streamed = np.concatenate([batch["image"] for batch in examples.batches(5, seed=3)])
    assert sorted(each.tobytes() for each in streamed) == sorted(each.tobytes() for each in want)
    chosen = kept.examples("train", 20, lambda n, _: np.arange(1, n, 3)).arrays()["image"]
    assert np.array_equal(chosen, want[1::3])


def test_our_loop_trains_on_them_with_sizes_that_grow(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    _, kept = both(tmp_path)
    trial = Trial(
        recipe={"width": 4, "depth": 1, "imageSizes": [8, 16]},
        fidelity=contract.Fidelity(epochs=2, batch_size=6, image_size=16),
        seed=0,
        classes=("cats", "dogs"),
        training_data=lambda: kept.train(16),
        held_out=lambda: kept.held_out(16),
    )
    assert set(train(trial)) == {"accuracy", "loss"}


def test_jpegs_that_fit_already_stay_as_they_are_and_others_are_made(tmp_path: Path) -> None:
    files = {
        "fits.jpg": jpeg(photo(1, SIDE, SIDE)),
        "lies.jpg": jpeg(photo(2, SIDE, SIDE), exif=_turned()),
        "much.jpg": jpeg(photo(3, SIDE, SIDE), comment=b"x" * 60000),
        "cmyk.jpg": jpeg(photo(4, SIDE, SIDE).convert("CMYK")),
        "grey.jpg": jpeg(photo(5, SIDE, SIDE).convert("L")),
        "wide.jpg": jpeg(photo(6, SIDE + 1, SIDE)),
    }
    for folder in ("a", "b"):
        for name, data in files.items():
            path = tmp_path / "photos" / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    result = built(tmp_path / "photos", Encoding.JPEG, sizes=(SIDE,), held_out_percent=50)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "shards-jpeg").rglob("*image*/*.arrow"))
    stored += b"".join(path.read_bytes() for path in (tmp_path / "shards-jpeg").rglob("image*.arrow"))
    assert {name for name, data in files.items() if data in stored} == {"fits.jpg"}
    assert open_dataset(result.dataset).train()[0].shape == (6, SIDE, SIDE, 3)


def _turned() -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = 3
    return exif


def test_arrays_become_jpegs_too_and_grey_ones_stay_grey(tmp_path: Path) -> None:
    images = np.stack([np.asarray(photo(number, 32, 32).convert("L")) for number in range(12)])
    np.savez(tmp_path / "grey.npz", x=images, y=np.arange(12) % 3)
    kept = open_dataset(built(tmp_path / "grey.npz", Encoding.JPEG).dataset)
    found, _ = kept.train()
    assert found.shape[1:] == (32, 32, 1)
    found = np.concatenate([found, kept.held_out()[0]])
    assert np.abs(np.sort(found.mean((1, 2, 3))) - np.sort(images.mean((1, 2)))).max() < 1
    assert kept.manifest.channels == 1


@pytest.mark.parametrize("encode", list(Encoding))
def test_the_largest_size_may_be_smaller_than_the_images_and_the_sums_are_its_own(
    tmp_path: Path, encode: Encoding
) -> None:
    for number in range(12):
        path = tmp_path / "photos" / ("a", "b")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(number, 40, 40).save(path)
    opened = open_dataset(built(tmp_path / "photos", encode, sizes=(20, 10)).dataset)
    images, _ = opened.train()
    assert images.shape[1:] == (20, 20, 3)
    assert isinstance(opened.manifest, contract.ExamplesManifest)
    assert list(opened.manifest.train.channel_sums) == images.sum((0, 1, 2), dtype=np.int64).tolist()
    assert np.abs(opened.train(10)[0].astype(int) - images.reshape(-1, 10, 2, 10, 2, 3).mean((2, 4))).max() < 6


def test_the_manifest_says_the_sums_of_what_is_read(tmp_path: Path) -> None:
    _, kept = both(tmp_path)
    images, _ = kept.train()
    assert isinstance(kept.manifest, contract.ExamplesManifest)
    assert list(kept.manifest.train.channel_sums) == images.sum((0, 1, 2), dtype=np.int64).tolist()


def test_the_same_images_give_the_same_bytes_and_another_digest_than_decoded_ones(tmp_path: Path) -> None:
    decoded, kept = both(tmp_path)
    again = build_shards(
        tmp_path / "photos", str(tmp_path / "again"), name="photos", encode=Encoding.JPEG, sizes=(SIDE,)
    )
    assert again.dataset.digest == kept.reference.digest
    assert again.dataset.content == kept.reference.content != decoded.reference.content


def bomb() -> bytes:
    """The header of a JPEG of 60 000 x 60 000 pixels."""
    data = bytearray(jpeg(photo(1, SIDE, SIDE)))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (60000).to_bytes(2, "big") * 2
    return bytes(data)


CELLS = {
    "nothing": (b"", "cannot identify image file"),
    "text": (b"no image at all" * 9, "cannot identify image file"),
    "cut short": (jpeg(photo(1, SIDE, SIDE))[:900], "truncated"),
    "another size": (jpeg(photo(1, SIDE, SIDE - 1)), "a JPEG of 48x47 pixels, mode RGB"),
    "grey": (jpeg(photo(1, SIDE, SIDE).convert("L")), "a JPEG of 48x48 pixels, mode L"),
    "cmyk": (jpeg(photo(1, SIDE, SIDE).convert("CMYK")), "mode CMYK"),
    "a bomb": (bomb(), "60000x60000 pixels|decompression bomb"),
}


@pytest.mark.parametrize("name", list(CELLS))
def test_cells_that_are_no_such_jpeg_are_said_and_never_a_wrong_image(name: str) -> None:
    cell, want = CELLS[name]
    with pytest.raises(InvalidDataset, match=want) as raised:
        JpegField("image", SIDE, 3).decoded(cell, SIDE)
    assert "expected a JPEG of 48x48 pixels, RGB" in str(raised.value)


def test_a_field_of_images_too_large_for_memory_is_no_reason_to_decode_one() -> None:
    with pytest.raises(InvalidDataset, match="decompression bomb"):
        JpegField("image", 60000, 3).decoded(bomb(), 10)


def test_a_png_in_a_cell_is_no_jpeg() -> None:
    written = io.BytesIO()
    photo(1, SIDE, SIDE).save(written, "PNG")
    with pytest.raises(InvalidDataset, match="cannot identify image file"):
        JpegField("image", SIDE, 3).decoded(written.getvalue(), SIDE)


def test_half_the_size_takes_a_quarter_of_the_pixels_and_looks_alike() -> None:
    image = np.asarray(photo(7, 256, 256))
    field = JpegField("image", 256, 3)
    whole = field.decoded(jpeg_of(image), 256).astype(int)
    small = field.decoded(jpeg_of(image), 32).astype(int)
    assert np.abs(whole.reshape(32, 8, 32, 8, 3).mean((1, 3)) - small).max() < 3


def test_verify_decodes_jpegs_and_compares_what_the_manifest_says_of_them(tmp_path: Path) -> None:
    _, kept = both(tmp_path)
    found = inspect_dataset(kept.reference.manifest)
    verify_dataset(found)
    path = tmp_path / "shards-jpeg" / "manifest.json"
    data = path.read_bytes()
    sums = kept.manifest.train.channel_sums  # type: ignore[union-attr]
    path.write_bytes(data.replace(str(sums[0]).encode(), str(sums[0] * 2).encode(), 1))
    with pytest.raises(InvalidDataset, match="sums of channels"):
        verify_dataset(inspect_dataset(kept.reference.manifest))
