"""Writes scikit-learn's 1 797 handwritten digits as .assay/digits8.npz, which `assay shards build` reads.

x: uint8 (1797, 8, 8); y: int64 (1797,). Nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

DESTINATION = Path(__file__).resolve().parents[2] / ".assay" / "digits8.npz"


def main() -> None:
    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)  # they come with values from 0 to 16
    DESTINATION.parent.mkdir(exist_ok=True)
    np.savez_compressed(DESTINATION, x=images, y=digits.target.astype(np.int64))
    print(f"{len(images)} digits in {DESTINATION}")


if __name__ == "__main__":
    main()
