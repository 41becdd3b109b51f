from __future__ import annotations

import math
import pickle
import random
from typing import Any

import numpy as np
import pytest
import torch

from assay_trainer.checkpoints.encoding import MOST_LEVELS, Unusable, decoded, encoded

NESTED: Any = 1
for _ in range(MOST_LEVELS + 1):
    NESTED = [NESTED]


def there_and_back(state: Any) -> Any:
    return decoded(memoryview(b"".join(encoded(state))))


@pytest.mark.parametrize(
    "state",
    [
        None,
        True,
        2**200,
        0.1 + 0.2,
        math.inf,
        "grüße\n",
        b"\x00\n\xff",
        [],
        {"a": [1, (2, "x"), {}], 3: {4.5: None}, ("t", 1): b""},
        random.Random(1).getstate(),
        np.random.default_rng(1).bit_generator.state,
    ],
)
def test_plain_values_come_back_as_they_were(state: object) -> None:
    assert there_and_back(state) == state


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "int64", "uint8", "bool", "complex64"])
def test_tensors_come_back_with_their_bits_and_strides(kind: str) -> None:
    values = torch.randn(2, 3, 4, 5).to(getattr(torch, kind))

    for tensor in (values, values.to(memory_format=torch.channels_last), values[:, 1], values[0, 0, 0, 0], values[:0]):
        found = there_and_back({"it": tensor})["it"]

        assert found.dtype == tensor.dtype
        assert torch.equal(found, tensor)
    assert there_and_back(values.to(memory_format=torch.channels_last)).is_contiguous(memory_format=torch.channels_last)


def test_nan_keeps_its_bits() -> None:
    odd = torch.tensor([0x7FC12345, 0xFFC00001 - 2**32], dtype=torch.int32).view(torch.float32)

    assert torch.equal(there_and_back(odd).view(torch.int32), odd.view(torch.int32))


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.arange(6).reshape(2, 3).T, np.array("text"), np.zeros((0, 2))]
)
def test_arrays_come_back(array: np.ndarray[Any, Any]) -> None:
    found = there_and_back([array])[0]

    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert found.flags.writeable


@pytest.mark.parametrize(
    ("state", "want"),
    [
        ({"model": torch.nn.Linear(1, 1)}, r"state\['model'\]: given a torch.Linear; allowed: dicts, lists"),
        ([np.array([object()])], r"state\[0\]: given an array of object"),
        ({"a": {1, 2}}, "given a set of 2"),
        (NESTED, "more than 100 levels"),
    ],
)
def test_what_can_not_be_kept_is_named(state: object, want: str) -> None:
    with pytest.raises(Unusable, match=want):
        encoded(state)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"no end",
        pickle.dumps({"a": 1}) + b"\n",
        b"[" * 5000 + b"\n",
        b'{"bytes": 10}\nshort',
        b'{"bytes": -1}\n',
        b'{"bytes": "a"}\n',
        b'{"array": "|O8", "shape": [1], "order": [0]}\n12345678',
        b'{"array": "<f8", "shape": [1000000000000], "order": [0]}\n',
        b'{"array": "<f8", "shape": [-1], "order": [0]}\n12345678',
        b'{"array": "<f8", "shape": [1], "order": [1]}\n12345678',
        b'{"array": "<f8", "shape": [0, 99999999999999999999999], "order": [0, 1]}\n',
        b'{"array": "<f3", "shape": [1], "order": [0]}\n123',
        b'{"tensor": "load", "shape": [], "order": []}\n1234',
        b'{"tensor": "float32", "shape": [2], "order": [0]}\n1234',
        b'{"dict": [[1]]}\n',
        b'{"dict": [[[], 1]]}\n',
        b"{}\n",
    ],
)
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    with pytest.raises(Unusable):
        decoded(memoryview(data))
