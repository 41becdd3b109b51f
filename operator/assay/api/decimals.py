"""Numbers as decimal strings, and back."""

from __future__ import annotations

import math
from decimal import Decimal

_SMALLEST = 1e-20
_LARGEST = 1e25
_PLAIN = 1e-4
"""The least number that Python's general format writes without an exponent."""


def decimal_string(value: float, digits: int = 6) -> str:
    """Return `value` with so many significant digits (1 to 10), in at most 32 characters.

    There is no exponent, and there are no trailing zeros.

    What is nearer to 0 than 1e-20 is "0", and what is beyond 1e25 is shown as 1e25: a diverged loss must not
    break a status. Raises ValueError if the value is infinite or not a number.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is no number that a status can hold")
    if abs(value) < _SMALLEST:
        return "0"
    if _PLAIN <= abs(value) < 10**digits and "e" not in (plain := f"{value:.{digits}g}"):
        return plain  # most are of this kind, and a status has hundreds
    shown = max(-_LARGEST, min(value, _LARGEST))
    text = format(Decimal(f"{shown:.{digits - 1}e}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimal_value(text: str) -> float:
    """Return the number that a decimal string says."""
    return float(Decimal(text))
