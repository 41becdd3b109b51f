"""Turns a value of any library into a float."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_number(value: Any) -> float:
    """Return the number that a value is: Python's, numpy's or torch's own, a Decimal, or a text that reads as one.
    Raises TypeError or ValueError for other values, and whatever the value's own conversion raises."""
    if isinstance(value, np.complexfloating):  # numpy would drop the imaginary part
        raise TypeError("a complex number")
    return float(value)
