"""What it costs to build photos into shards, to go on after a build was killed, and to read JPEGs rather than pixels.

    python benchmarks/photos.py [--photos 1600] [--rounds 5]

The photos are crops of scikit-learn's, 500x375 pixels, built in 224 pixels a side. Contestants take turns in each
round, as fresh processes; counted are CPU seconds without imports, as means with their standard error.

build   A whole build of pixels and of JPEGs. Yardstick: decoding and scaling each photo once by Pillow, nothing
        written.
resume  A build that is killed (SIGKILL) once half of the training images are written, and built again: what the second
        build costs, as a part of a whole one, and how many of the images it does not decode.
read    All training images, from a warm page cache, in three sizes: JPEGs beside pixels of the same photos; and how far
        their pixels lie apart.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from assay_trainer import contract
from assay_trainer.data import open_dataset
from assay_trainer.shards import BuildProgress, Encoding, Fit, build_shards
from assay_trainer.shards.sources.images import pixels_of

SIDE, SIZES = 224, (224, 112, 56)


def make_photos(folder: Path, count: int) -> None:
    """Write crops of two photos, in four classes."""
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(0)
    photos = [PIL.Image.fromarray(each) for each in load_sample_images().images]
    for number in range(count):
        photo = photos[number % 2].resize((960, 640))
        left, top = int(random.integers(0, 460)), int(random.integers(0, 265))
        path = folder / f"class-{number % 4}" / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo.crop((left, top, left + 500, top + 375)).save(path, quality=92)


def child(what: str, source: Path, to: str) -> None:
    """Do one thing and print its CPU seconds, and what there is to say of it, as JSON."""
    last: list[BuildProgress] = []
    if what in list(Encoding):
        begun = time.process_time()
        sizes = SIZES if what == Encoding.UINT8 else SIZES[:1]
        built = build_shards(source, to, name="photos", sizes=sizes, encode=Encoding(what), told=last.append)
        spent = time.process_time() - begun
        print(json.dumps([spent, last[-1].bytes, last[-1].resumed, built.dataset.model_dump()]))
    elif what == "decode":
        files = sorted(source.rglob("*.jpg"))
        begun = time.process_time()
        for path in files:
            pixels_of(path, "RGB", SIDE, Fit.CROP)
        print(json.dumps([time.process_time() - begun]))
    else:
        size, dataset = int(what), contract.Dataset.model_validate_json(to)
        open_dataset(dataset).train(size)
        begun = time.process_time()
        images, _ = open_dataset(dataset).train(size)
        print(json.dumps([time.process_time() - begun, len(images)]))


def run(cache: Path, *arguments: str) -> list[Any]:
    """Run a child to its end, and return what it printed."""
    done = subprocess.run(_command(*arguments), env=_environment(cache), check=True, capture_output=True, text=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def kill_half_way(cache: Path, source: Path, to: Path, photos: int) -> None:
    """Build, and kill the builder once half of the training images are in files."""
    written = to / "train" / f"image-{SIDE}"
    half = math.ceil(0.4 * photos * SIDE**2 * 3 / 2**25)
    builder = subprocess.Popen(
        _command("uint8", str(source), str(to)), env=_environment(cache), stdout=subprocess.DEVNULL
    )
    while not written.is_dir() or len([each for each in written.iterdir() if each.suffix == ".arrow"]) < half:
        time.sleep(0.02)
    builder.send_signal(signal.SIGKILL)
    builder.wait()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, str(Path(__file__)), "--child", *arguments]


def _environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "ASSAY_CACHE": str(cache)}


def said(values: list[float], unit: str = "") -> str:
    """Return a mean with its standard error."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{statistics.mean(values):.3g} ± {error:.1g}{unit}"


def main(photos: int, rounds: int, folder: Path) -> None:
    """Take turns, and print."""
    source, cache = folder / "photos", folder / "cache"
    make_photos(source, photos)
    spent: dict[str, list[float]] = {}
    sizes: dict[str, int] = {}
    datasets: dict[str, dict[str, Any]] = {}
    resumed: list[float] = []
    for number in range(rounds):
        spent.setdefault("decode", []).append(run(cache, "decode", str(source), "")[0])
        for encode in Encoding:
            shutil.rmtree(folder / encode, ignore_errors=True)
            seconds, sizes[encode], _, datasets[encode] = run(cache, encode, str(source), str(folder / encode))
            spent.setdefault(encode, []).append(seconds)
        to = folder / f"killed-{number}"
        kill_half_way(cache, source, to, photos)
        seconds, _, before, dataset = run(cache, "uint8", str(source), str(to))
        assert dataset["digest"] == datasets["uint8"]["digest"], "another data set"
        spent.setdefault("again", []).append(seconds)
        resumed.append(before / photos)
        shutil.rmtree(to)
        for size in SIZES:
            for encode in Encoding:
                seconds, images = run(cache, str(size), "", json.dumps(datasets[encode]))
                spent.setdefault(f"{encode} {size}", []).append(seconds / images * 1e6)
    ratios = {name: [a / b for a, b in zip(spent[name], spent["decode"], strict=True)] for name in (*Encoding, "again")}
    print(f"{photos} photos, {rounds} rounds; decoding each once: {said(spent['decode'], ' CPU s')}")
    print(f"  build of pixels, {SIZES}: {said(ratios['uint8'])} of that; {sizes['uint8'] / 2**20:.0f} MiB")
    print(f"  build of JPEGs: {said(ratios['jpeg'])} of that; {sizes['jpeg'] / 2**20:.0f} MiB")
    parts = [a / b for a, b in zip(spent["again"], spent["uint8"], strict=True)]
    print(f"  killed half-way, built again: {said(parts)} of a whole build; {said(resumed)} of the images not decoded")
    for size in SIZES:
        pixels, jpegs = spent[f"uint8 {size}"], spent[f"jpeg {size}"]
        ratio = [b / a for a, b in zip(pixels, jpegs, strict=True)]
        print(f"  read in {size} px: pixels {said(pixels)}, JPEGs {said(jpegs)} CPU µs an image: {said(ratio)} times")
    for size in SIZES:
        read = [open_dataset(contract.Dataset(**datasets[each])).train(size)[0].astype(np.int16) for each in Encoding]
        print(f"  pixels in {size} px lie {np.abs(read[0] - read[1]).mean():.2f} levels of 255 apart on average")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--photos", type=int, default=1600)
        parser.add_argument("--rounds", type=int, default=5)
        given = parser.parse_args()
        with tempfile.TemporaryDirectory() as made:
            main(given.photos, given.rounds, Path(made))
