from __future__ import annotations

import math
import pickle
import random
from collections import Counter, OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from assay_trainer.checkpoints.encoding import MOST_LEVELS, Unusable, decoded, encoded


class Pair(NamedTuple):
    first: int
    second: int


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


@pytest.mark.parametrize(
    "value",
    [np.int64(3), np.float64(0.1), np.float32(0.1), np.bool_(True), np.str_("a"), OrderedDict(a=1), Counter("aab")],
)
def test_kinds_derived_from_plain_ones_come_back_as_such_also_as_keys(value: Any) -> None:
    found = there_and_back([value])[0]

    assert (type(found), found) == (type(value), value)
    if isinstance(value, np.generic):
        assert there_and_back({value: 1})[value] == 1


def test_what_a_scheduler_of_torch_keeps_comes_back() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))])
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 2, 3])
    state = there_and_back(schedule.state_dict())

    assert state == schedule.state_dict()
    assert list(state["milestones"].elements()) == [2, 2, 3]
    assert there_and_back([torch.ones(2, 3).shape]) == [(2, 3)]


def test_a_conjugate_is_kept_as_its_values() -> None:
    tensor = torch.tensor([1 + 2j]).conj()

    assert torch.equal(there_and_back(tensor), tensor)


def test_a_view_of_few_bytes_that_stands_for_many_is_refused_before_it_is_copied() -> None:
    many = torch.ones(1).expand(10**13)

    with pytest.raises(
        Unusable, match=r"state\['a'\]: with its 40,000,000,000,000 bytes the state has more than 1,000"
    ):
        encoded({"a": many}, 1000)


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
        ([Pair(1, 2)], r"state\[0\]: given a tests.Pair"),
        (defaultdict(list), "given a"),
        ([np.ma.masked_array([1, 2], [True, False])], r"state\[0\]: given a"),
        ([torch.ones(2, device="meta")], r"given a tensor of float32, torch.strided, on meta"),
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
