"""From a value of any library to a float."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_number(value: Any) -> float:
    """The number that a value is: Python's, numpy's or torch's own, a Decimal, a text that reads as one.

    Raises TypeError or ValueError for what is none, and whatever the value's own conversion raises.
    """
    if isinstance(value, np.complexfloating):  # numpy would drop the imaginary part
        raise TypeError("a complex number")
    return float(value)
