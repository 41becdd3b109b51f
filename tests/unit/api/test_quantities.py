"""Amounts of Kubernetes resources as numbers."""

from __future__ import annotations

import pytest

from assay.api.quantities import bytes_of


@pytest.mark.parametrize(
    ("quantity", "want"),
    [
        (2, 2),
        ("300Mi", 300 * 2**20),
        ("1.5Gi", 3 * 2**29),
        ("2G", 2 * 10**9),
        ("1e3", 1000),
        ("1E", 10**18),
        ("1500m", 1),
        ("0", None),
        ("-1Gi", None),
        ("much", None),
        ("1Zi", None),
        ("", None),
    ],
)
def test_an_amount_is_read_as_kubernetes_writes_it(quantity: int | str, want: int | None) -> None:
    assert bytes_of(quantity) == want
