"""Amounts of Kubernetes resources as numbers."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:([eE][+-]?\d{1,2})|([A-Za-z]{1,2}))?")
_DECIMAL = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** (at + 1) for at, unit in enumerate("kMGTPE")},
}
_UNITS = {**_DECIMAL, **{f"{unit}i": Decimal(1024) ** (at + 1) for at, unit in enumerate("KMGTPE")}}


def amount_of(quantity: int | str) -> Decimal | None:
    """Return an amount such as 2, "500m" or "1.5Gi" as a number; None if it is none above 0."""
    found = _QUANTITY.fullmatch(str(quantity).strip())
    if found is None or (found[3] or "") not in _UNITS:
        return None
    amount = Decimal(found[1] + (found[2] or "")) * _UNITS[found[3] or ""]
    return amount if amount > 0 else None


def bytes_of(quantity: int | str) -> int | None:
    """Return an amount such as 2, "300Mi" or "1.5G" in whole bytes, rounded down; None if it is none above 0."""
    amount = amount_of(quantity)
    return None if amount is None else int(amount) or None
