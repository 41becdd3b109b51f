"""Numbers as decimal strings, and back."""

from __future__ import annotations

import math
from decimal import Decimal

_SMALLEST = 1e-20
_LARGEST = 1e25


def decimal_string(value: float, digits: int = 6) -> str:
    """`value` with so many significant digits, no exponent and no trailing zeros: at most 32 characters.

    What is nearer to 0 than 1e-20 is "0". Raises ValueError if the value is not finite, or beyond 1e25.
    """
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError(f"{value!r} is no number that a status can hold")
    if abs(value) < _SMALLEST:
        return "0"
    text = format(Decimal(f"{value:.{digits - 1}e}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimal_value(text: str) -> float:
    """The number that a decimal string says."""
    return float(Decimal(text))
