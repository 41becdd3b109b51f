"""Draws what `assay shards build` makes of real photos: each --fit, and each size, as read from the shards.

    python benchmarks/fits.py docs/fits.png

The photos are those of scikit-learn: one as it is, one held upright as a telephone writes it (by its EXIF orientation),
and a wide strip.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
import PIL.Image
from matplotlib.figure import Figure
from sklearn.datasets import load_sample_images

from assay_trainer.data import open_dataset
from assay_trainer.shards import Fit, build_shards

SIZES = (128, 64, 32, 16)
_ORIENTATION = 0x0112


def photos() -> dict[str, PIL.Image.Image]:
    """Return photos of three shapes, by a name that says it."""
    china, flower = (PIL.Image.fromarray(each) for each in load_sample_images().images)
    return {
        "flat, 640x427": china,
        "upright by EXIF, 300x427": flower.crop((170, 0, 470, 427)),
        "wide, 640x160": china.crop((0, 130, 640, 290)),
    }


def built(folder: Path, given: dict[str, PIL.Image.Image], fit: Fit) -> dict[int, np.ndarray]:
    """Return the images of each size, in the order of the photos, from shards that were built of them."""
    source = folder / "photos"
    for place, (name, photo) in enumerate(given.items()):
        for copy in range(2):  # one to train on, one to hold out
            path = source / str(place) / f"{copy}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            exif = PIL.Image.Exif()
            turned = "EXIF" in name
            exif[_ORIENTATION] = 6 if turned else 1
            (photo.rotate(90, expand=True) if turned else photo).save(path, quality=95, exif=exif)
    result = build_shards(source, str(folder / fit), name="photos", sizes=SIZES, fit=fit, held_out_percent=50)
    opened = open_dataset(result.dataset)
    found = {}
    for size in SIZES:
        images, labels = opened.train(size)
        found[size] = images[np.argsort(labels)]
    return found


def main(to: Path) -> None:
    """Build the data sets, and draw them."""
    given = photos()
    with tempfile.TemporaryDirectory() as folder:
        fits = {fit: built(Path(folder), given, fit) for fit in Fit}
    columns = [*(f"--fit {fit}, {SIZES[0]} px" for fit in Fit), *(f"crop, {size} px" for size in SIZES[1:])]
    mpl.rcParams.update({"font.size": 8})
    figure = Figure(figsize=(11, 4.9), layout="constrained")
    panels = figure.subplots(len(given), 1 + len(columns), width_ratios=[1.5, *([1] * len(columns))])
    for place, (name, photo) in enumerate(given.items()):
        shown = [
            photo,
            *(fits[fit][SIZES[0]][place] for fit in Fit),
            *(fits[Fit.CROP][size][place] for size in SIZES[1:]),
        ]
        for panel, image, title in zip(panels[place], shown, [name, *columns], strict=True):
            panel.imshow(image, interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
            if place == 0 or panel is panels[place][0]:
                panel.set_title(title, fontsize=8)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=90)
    PIL.Image.open(drawn).convert("RGB").quantize(128).save(to, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
