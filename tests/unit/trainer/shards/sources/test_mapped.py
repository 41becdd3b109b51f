from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from assay_trainer.shards import InvalidSource
from assay_trainer.shards.sources.mapped import mapped_member
from assay_trainer.shards.sources.npz import read_npz
from builders.image_files import save_idx

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), np.uint8)
LABELS = np.arange(30) % 3


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_an_npz_file_are_mapped_and_as_numpy_loads_them(tmp_path: Path, save: object, order: str) -> None:
    arrays = {
        "images": np.asarray(IMAGES, order=order),  # type: ignore[call-overload]
        "labels": LABELS,
        "texts": np.array(["a", "bcd"]),
        "empty": np.zeros((0, 3)),
        "one": np.array(7.5),
    }
    save(tmp_path / "data.npz", **arrays)  # type: ignore[operator]
    with zipfile.ZipFile(tmp_path / "data.npz") as archive:
        for name, want in arrays.items():
            found = mapped_member(tmp_path / "data.npz", archive, name)
            assert found.dtype == want.dtype
            assert np.array_equal(found, want)
            assert isinstance(found, np.memmap) == (name != "empty"), "it is not in memory"
            assert not found.flags.writeable or name == "empty"


def test_parts_of_a_source_are_read_in_any_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x_train=IMAGES[:20], y_train=LABELS[:20], x_test=IMAGES[20:], y_test=LABELS[20:])
    source = read_npz(tmp_path / "data.npz")
    chosen = np.random.default_rng(1).permutation(30)
    assert np.array_equal(source.read(chosen), IMAGES[chosen])
    assert source.held_out is not None
    assert source.held_out.tolist() == [False] * 20 + [True] * 10


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_flipped_bit_in_an_array_is_found_before_it_is_mapped(tmp_path: Path, save: object) -> None:
    file = tmp_path / "data.npz"
    save(file, x=IMAGES, y=LABELS)  # type: ignore[operator]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(InvalidSource, match=r"data.npz: can't be read as .npz: "):
        read_npz(file)


def test_a_header_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "data.npz"
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        np.save(tmp_path / "x.npy", IMAGES)
        whole = (tmp_path / "x.npy").read_bytes()
        for content, want in (
            (whole[:-1], r"5759 bytes of content; its header says \(30, 8, 8, 3\), 5760 bytes"),
            (whole + b"x", r"5761 bytes of content; its header says"),
            (b"no array", "magic string is not correct"),
        ):
            with zipfile.ZipFile(file, "w", packing) as archive:
                archive.writestr("x.npy", content)
                archive.write(tmp_path / "x.npy", "y.npy")
            with pytest.raises(InvalidSource, match=want):
                read_npz(file)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_mnist_that_goes_on_too_long_or_not_long_enough_is_refused(tmp_path: Path, packed: bool) -> None:
    import gzip

    from assay_trainer.shards.sources.idx import read_idx

    save_idx(tmp_path / "idx", IMAGES[..., :1], LABELS, stem="train", packed=packed)
    file = next((tmp_path / "idx").glob("train-images*"))
    whole = gzip.decompress(file.read_bytes()) if packed else file.read_bytes()
    assert np.array_equal(read_idx(tmp_path / "idx").read(np.array([3, 1])), IMAGES[[3, 1], :, :, :1])
    for content, want in ((whole + b"xy", r"(more than 1920|1922) bytes of content"), (whole[:-5], "1915 bytes of c")):
        file.write_bytes(gzip.compress(content) if packed else content)
        with pytest.raises(InvalidSource, match=want):
            read_idx(tmp_path / "idx")
