"""Types of the arrays that trials get."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""(n, height, width, channels)."""

Labels = NDArray[np.int64]
"""(n,)."""
