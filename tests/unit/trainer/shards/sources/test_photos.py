"""Photos of any shape become squares, and image files of every kind keep what they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from assay_trainer.data import open_dataset
from assay_trainer.shards import BuiltDataset, Encoding, Fit, InvalidSource, build_shards

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)
EXIF_ORIENTATION = 0x0112


def stripes(width: int = 80, height: int = 40) -> PIL.Image.Image:
    """A quarter red, half green, a quarter blue, along the longer side."""
    pixels = np.zeros((min(width, height), max(width, height), 3), np.uint8)
    quarter = max(width, height) // 4
    for place, colour in enumerate((RED, GREEN, GREEN, BLUE)):
        pixels[:, place * quarter : (place + 1) * quarter] = colour
    return PIL.Image.fromarray(pixels if width >= height else np.ascontiguousarray(pixels.transpose(1, 0, 2)))


def built(folder: Path, images: list[PIL.Image.Image], suffix: str = ".png", **options: Any) -> BuiltDataset:
    for name in ("cats", "dogs"):
        for number, image in enumerate(images * 2):
            path = folder / "photos" / name / f"{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            options_of_it: dict[str, Any] = {"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}
            image.save(path, **options_of_it)
    return build_shards(folder / "photos", str(folder / "shards"), name="photos", **options)


def pixels(result: BuiltDataset) -> np.ndarray:
    opened = open_dataset(result.dataset)
    return np.concatenate([opened.train()[0], opened.held_out()[0]])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("size", [4, 8, 40])
@pytest.mark.parametrize(
    ("fit", "want"),
    [
        (Fit.CROP, ((GREEN, GREEN, GREEN, GREEN),) * 4),
        (Fit.PAD, ((BLACK,) * 4, (RED, GREEN, GREEN, BLUE), (RED, GREEN, GREEN, BLUE), (BLACK,) * 4)),
        (Fit.STRETCH, ((RED, GREEN, GREEN, BLUE),) * 4),
    ],
)
def test_what_is_kept_of_a_photo_is_what_was_asked_for(
    tmp_path: Path, suffix: str, size: int, fit: Fit, want: Any
) -> None:
    result = built(tmp_path, [stripes()], suffix, fit=fit, sizes=(size,))
    image = pixels(result)[0]
    assert image.shape == (size, size, 3)
    centres = (np.arange(4) * size + size // 2) // 4
    assert np.abs(image[centres][:, centres].astype(int) - np.array(want)).max() < 140
    assert (image[centres][:, centres].argmax(2)[1:3] == np.array(want).argmax(2)[1:3]).all()
    assert any(note.startswith("the images are no squares of one size") for note in result.notes)


def test_upright_and_flat_photos_are_cropped_alike(tmp_path: Path) -> None:
    result = built(tmp_path, [stripes(80, 40), stripes(40, 80)], sizes=(8,))
    assert (pixels(result)[..., 1] > 200).mean() > 0.9


def test_a_photo_held_sideways_is_turned_before_it_is_padded(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    folder = tmp_path / "photos"
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        stripes().save(folder / name / "0.jpg", exif=exif, quality=100, subsampling=0)
        stripes().rotate(-90, expand=True).save(folder / name / "1.jpg", quality=100, subsampling=0)
    result = build_shards(folder, str(tmp_path / "shards"), name="photos", fit=Fit.PAD, sizes=(8,), held_out_percent=50)
    images = pixels(result)
    assert np.ptp(images.astype(int), axis=0).max() < 12, "turned by its EXIF, it is the photo that was turned itself"
    assert images[0, :, 0].max() < 30, "bars at both sides"
    assert images[0, 0, 4].argmax() == 0, "what was left is on top"


@pytest.mark.parametrize("kind", ["P", "CMYK", "RGBA", "LA", "1"])
def test_image_files_of_every_mode_show_what_they_showed(tmp_path: Path, kind: str) -> None:
    image = PIL.Image.new("L", (8, 8), 255) if kind in ("LA", "1") else PIL.Image.new("RGB", (8, 8), RED)
    result = built(tmp_path, [image.convert(kind)], ".tif")
    want = [255] if kind in ("LA", "1") else list(RED)
    assert np.abs(pixels(result).astype(int) - np.array(want)).max() <= 1


def test_images_of_16_bits_keep_white_white_and_grey_grey(tmp_path: Path) -> None:
    deep = np.full((8, 8), 65535, np.uint16)
    deep[:, 4:] = 32896
    result = built(tmp_path, [PIL.Image.fromarray(deep)])
    assert (pixels(result)[:, 0, :, 0] == [255] * 4 + [128] * 4).all()
    assert result.notes == ("4 images have 16 bits a pixel, and were divided by 257 (such as cats/0.png)",)


def test_small_photos_are_enlarged_and_counted_and_no_size_beyond_all_of_them_is_taken(tmp_path: Path) -> None:
    result = built(tmp_path, [stripes(80, 40), stripes(16, 8)], sizes=(20,), held_out_percent=50)
    assert "4 images have a side of fewer than 20 pixels, and were enlarged" in result.notes
    with pytest.raises(InvalidSource, match="size 81; allowed: 1 to 80, the longest side of an image"):
        built(tmp_path, [stripes(80, 40)], sizes=(81,))


def test_smaller_sizes_are_averages_of_the_largest(tmp_path: Path) -> None:
    result = built(tmp_path, [stripes(81, 47)], sizes=(32, 16), fit=Fit.STRETCH)
    opened = open_dataset(result.dataset)
    large, small = opened.train(32)[0].astype(float), opened.train(16)[0]
    want = np.floor(large.reshape(-1, 16, 2, 16, 2, 3).mean((2, 4)) + 0.5)
    assert np.array_equal(small, want)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("encode", list(Encoding))
def test_every_exif_orientation_is_held_upright(tmp_path: Path, orientation: int, encode: Encoding) -> None:
    exif = PIL.Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8, :8], pixels[:8, 8:], pixels[8:, :8] = RED, GREEN, BLUE
    for name in ("cats", "dogs"):
        for number in range(2):
            path = tmp_path / "photos" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(pixels).save(path, exif=exif)
    with PIL.Image.open(path) as image:
        want = np.asarray(PIL.ImageOps.exif_transpose(image))
    result = build_shards(tmp_path / "photos", str(tmp_path / "shards"), name="photos", encode=encode)
    found = open_dataset(result.dataset).train()[0][0]
    assert np.abs(found.astype(int) - want)[1::4, 1::4].max() < 20
