"""Short descriptions, for messages, of values that other people's code made.

None of the value's own code is run: a `__repr__` may raise, hang, or return a gigabyte.
"""

from __future__ import annotations

from collections.abc import Sized

SHOWN_CHARACTERS = 80
"""The most characters shown of a text or a number; the rest is cut."""

_PLAIN = (str, bytes, float, complex)
_SIZED = (list, tuple, dict, set, frozenset)


def described(value: object) -> str:
    """Return a constant as it is written, a container with its length, an array with its shape, else the type's
    name."""
    kind = type(value)
    if value is None or kind is bool:
        return repr(value)
    if kind is int:
        return repr(value) if abs(value).bit_length() < 200 else f"a whole number of {value.bit_length()} bits"  # type: ignore[arg-type, attr-defined]
    if kind in _PLAIN:
        return bounded(repr(value[: 2 * SHOWN_CHARACTERS] if isinstance(value, str | bytes) else value))
    if kind in _SIZED and isinstance(value, Sized):
        return f"a {kind.__name__} of {len(value)}"
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    text = f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
    if kind.__module__.partition(".")[0] in ("numpy", "torch"):
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and shape:
            text += f" of shape {tuple(shape)}"
        elif kind.__module__ == "numpy":  # a number of numpy's, NaN for one
            text = repr(getattr(value, "item", lambda: None)())
    return bounded(text)


def bounded(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    """Return `text`, its end replaced by an ellipsis if it is longer than `characters`."""
    return text if len(text) <= characters else text[: max(0, characters - 1)] + "…"


def printable(text: str) -> str:
    """Return `text` without what UTF-8 can't hold (half a surrogate pair) and without a terminal's control
    characters."""
    return "".join(each if each.isprintable() or each in "\n\t" else repr(each)[1:-1] for each in text)
