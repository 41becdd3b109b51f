"""A state as bytes and back, without pickle: who reads a checkpoint runs none of what somebody else has written.

A state is a tree of dicts, lists and tuples; its leaves are numbers, texts, bytes, None, numpy arrays and torch
tensors. Of kinds derived from these only those are taken that come back as what they were: else a train function would
find out only after it was preempted. The tree is JSON; the contents of arrays and tensors follow it in their order, as
they lie in memory. They come back with the same bits and the same strides (fused optimizers go by the order of memory),
tensors on the CPU.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from assay_trainer.described import described

ALLOWED = "dicts, lists and tuples of numbers, texts, bytes, None, numpy arrays and torch tensors"
MOST_LEVELS = 100
TREE_BYTES = 64 << 20
"""The most bytes of a state's tree, without the contents of its arrays."""

_ARRAYS = re.compile(r"[<>|][biufcSU][0-9]{1,9}")
_TENSORS = frozenset(
    [
        "float64",
        "float32",
        "float16",
        "bfloat16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint8",
        "bool",
        "complex64",
        "complex128",
        "float8_e4m3fn",
        "float8_e5m2",
    ]
)

_MAPPINGS: dict[str, type[dict[Any, Any]]] = {"dict": dict, "ordered": OrderedDict, "counter": Counter}
"""Of modules states are OrderedDicts, and MultiStepLR's has a Counter."""

_MAPPING_NAMES = {kind: name for name, kind in _MAPPINGS.items()}


class Unusable(Exception):
    """A state that can't be written, or bytes that are no state."""


def encoded(state: Any, limit: int = sys.maxsize) -> list[bytes | memoryview]:
    """Return a state as pieces of bytes to be joined, `limit` of them at most. Raises Unusable that says which part of
    it can't be kept."""
    writer = _Writer(limit)
    try:
        tree = json.dumps(writer.tree(state, "state", 0)).encode()
    except ValueError as error:  # an integer of thousands of digits
        raise Unusable(f"state: {error}") from error
    if len(tree) > TREE_BYTES:
        raise Unusable(
            f"state: its numbers and texts take {len(tree):,} bytes; allowed: {TREE_BYTES:,}, without arrays"
        )
    return [tree, b"\n", *writer.buffers]


def decoded(data: memoryview) -> Any:
    """Return the state that `encoded` has made these bytes of. Raises Unusable for any others."""
    end = bytes(data[: TREE_BYTES + 1]).find(b"\n")
    if end < 0:
        raise Unusable("its state has no end")
    try:
        return _Reader(data[end + 1 :]).value(json.loads(bytes(data[:end])), 0)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, RuntimeError, ImportError) as error:
        raise Unusable(f"its state can't be read: {type(error).__name__}: {error}") from error


# ----------------------------------------------------------------------------- writing


class _Writer:
    """Makes a tree for JSON of a state, and gathers what its arrays contain."""

    def __init__(self, limit: int) -> None:
        self.buffers: list[bytes | memoryview] = []
        self._limit = self._left = limit

    def tree(self, value: Any, path: str, level: int) -> Any:
        if level > MOST_LEVELS:
            raise Unusable(f"{path[:80]}: it has more than {MOST_LEVELS} levels")
        if isinstance(value, np.generic):
            return {**self._array(np.asarray(value), path), "scalar": True}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, bytes):
            self._take(len(value), path)
            self.buffers.append(value)
            return {"bytes": len(value)}
        if (name := _MAPPING_NAMES.get(type(value))) is not None:
            return {
                name: [
                    [self.tree(key, path, level + 1), self.tree(each, f"{path}[{key!r:.40}]", level + 1)]
                    for key, each in value.items()
                ]
            }
        if type(value) in (list, tuple) or _is_shape(value):
            items = [self.tree(each, f"{path}[{index}]", level + 1) for index, each in enumerate(value)]
            return items if isinstance(value, list) else {"tuple": items}
        if type(value) in (np.ndarray, np.memmap):
            return self._array(value, path)
        if (torch := sys.modules.get("torch")) is not None and isinstance(value, torch.Tensor):
            return self._tensor(value, path)
        raise Unusable(f"{path}: given {described(value)}; allowed: {ALLOWED}")

    def _array(self, array: Any, path: str) -> dict[str, Any]:
        if not _ARRAYS.fullmatch(array.dtype.str):
            raise Unusable(
                f"{path}: given an array of {array.dtype}; allowed: arrays of numbers, truth values or texts"
            )
        self._take(array.nbytes, path)
        order = _order(array.strides)
        flat = np.ascontiguousarray(array.transpose(order)).reshape(-1)
        self.buffers.append(flat.view(np.uint8).data if flat.nbytes else b"")
        return {"array": array.dtype.str, "shape": list(array.shape), "order": order}

    def _tensor(self, tensor: Any, path: str) -> dict[str, Any]:
        import torch

        name = str(tensor.dtype).removeprefix("torch.")
        if name not in _TENSORS or tensor.layout != torch.strided or tensor.device.type == "meta":
            given = f"a tensor of {name}, {tensor.layout}, on {tensor.device}"
            raise Unusable(f"{path}: given {given}; allowed: dense tensors of numbers")
        self._take(tensor.numel() * tensor.element_size(), path)
        order = _order(tensor.stride())
        plain = tensor.detach().resolve_conj().resolve_neg()
        flat = plain.permute(order).contiguous().cpu().reshape(-1).view(torch.uint8)
        self.buffers.append(flat.numpy().data if flat.numel() else b"")
        return {"tensor": name, "shape": list(tensor.shape), "order": order}

    def _take(self, size: int, path: str) -> None:
        """Count bytes before they are copied: a view of few bytes may stand for more than the memory has."""
        self._left -= size
        if self._left < 0:
            raise Unusable(
                f"{path}: with its {size:,} bytes the state has more than {self._limit:,}, which are allowed"
            )


def _is_shape(value: Any) -> bool:
    """Return whether it is the shape of a tensor, which is a tuple for all that is done with it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Size)


def _order(strides: Sequence[int]) -> list[int]:
    """Return the dimensions from the one with the largest strides on, which is their order in memory."""
    return sorted(range(len(strides)), key=lambda dimension: -abs(strides[dimension]))


# ----------------------------------------------------------------------------- reading


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data

    def value(self, tree: Any, level: int) -> Any:
        if level > MOST_LEVELS + 1:
            raise ValueError("too many levels")
        if isinstance(tree, list):
            return [self.value(each, level + 1) for each in tree]
        if not isinstance(tree, dict):
            return tree
        for name, kind in _MAPPINGS.items():
            if name in tree:
                return kind({self.value(key, level + 1): self.value(each, level + 1) for key, each in tree[name]})
        if "tuple" in tree:
            return tuple(self.value(each, level + 1) for each in tree["tuple"])
        if "bytes" in tree:
            return bytes(self._next(tree["bytes"]))
        if "array" in tree:
            return self._array(tree)
        return self._tensor(tree)

    def _array(self, tree: dict[str, Any]) -> Any:
        if not _ARRAYS.fullmatch(tree["array"]):
            raise ValueError(f"an array of {tree['array']!r:.40}")
        kind, shape, order = np.dtype(tree["array"]), *_layout(tree)
        values = np.frombuffer(self._next(math.prod(shape) * kind.itemsize), np.uint8).copy().view(kind)
        array = values.reshape([shape[each] for each in order]).transpose(_inverse(order))
        return array[()] if tree.get("scalar") is True and not shape else array

    def _tensor(self, tree: dict[str, Any]) -> Any:
        import torch

        if tree["tensor"] not in _TENSORS:
            raise ValueError(f"a tensor of {tree['tensor']!r:.40}")
        kind, (shape, order) = getattr(torch, tree["tensor"]), _layout(tree)
        if not math.prod(shape):
            return torch.empty([shape[each] for each in order], dtype=kind).permute(_inverse(order))
        data = np.frombuffer(self._next(math.prod(shape) * kind.itemsize), np.uint8).copy()
        values = torch.from_numpy(data).view(kind)
        return values.reshape([shape[each] for each in order]).permute(_inverse(order))

    def _next(self, length: Any) -> memoryview:
        if not isinstance(length, int) or not 0 <= length <= len(self._data):
            raise ValueError(f"it is cut short: {length!r:.40} bytes expected, {len(self._data)} left")
        found, self._data = self._data[:length], self._data[length:]
        return found


def _layout(tree: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Return a shape and the order of its dimensions in memory. Raises ValueError if they are none."""
    shape, order = tree["shape"], tree["order"]
    if not all(isinstance(each, int) and each >= 0 for each in shape) or sorted(order) != list(range(len(shape))):
        raise ValueError("no shape of an array")
    return shape, order


def _inverse(order: Sequence[int]) -> list[int]:
    return [order.index(dimension) for dimension in range(len(order))]
