"""The types of the arrays that ranking works with.

Each array's shape is said where it is declared, as in `(hypotheses, seeds)`; `(..., seeds)` may have any number of axes
before the last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
