"""Names that people gave, in the place of those by which a study is judged.

A study's names are DNS labels; those of past runs may be anything. So runs are judged under names of our own, which
occur nowhere else, and whatever is shown has the people's names put back: in fields, in sentences, in keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeVar, cast

from pydantic import BaseModel

_Value = TypeVar("_Value")

_OWN = re.compile(r"x7q[a-z]\d+x")


@dataclass(frozen=True)
class Names:
    """The people's names by our own ones."""

    shown: Mapping[str, str]

    @cached_property
    def own(self) -> Mapping[str, str]:
        """Our own names by the people's."""
        return {shown: own for own, shown in self.shown.items()}

    def text(self, said: str) -> str:
        """Return a text with the people's names."""
        return _OWN.sub(lambda found: self.shown.get(found[0], found[0]), said) if "x7q" in said else said

    def put_back(self, value: _Value) -> _Value:
        """Return a value with the people's names, whatever it is made of: models, dataclasses, tuples, mappings, sets.

        Models are not validated anew, since the people's names are no resource names.
        """
        return cast("_Value", self._of(value))

    def _of(self, value: Any) -> Any:
        if type(value) is str:
            return self.text(value)
        if isinstance(value, BaseModel):
            given = value.__dict__
            changed = {name: new for name, old in given.items() if (new := self._of(old)) is not old}
            return value.model_copy(update=changed) if changed else value
        if isinstance(value, tuple):
            parts = tuple(map(self._of, value))
            if all(new is old for new, old in zip(parts, value, strict=True)):
                return value
            return type(value)._make(parts) if hasattr(value, "_make") else parts
        if isinstance(value, Mapping):
            pairs = [(self._of(key), self._of(each)) for key, each in value.items()]
            same = all(key is old and each is value[old] for (key, each), old in zip(pairs, value, strict=True))
            return value if same else dict(pairs)
        if isinstance(value, frozenset):
            found = frozenset(map(self._of, value))
            return value if found == value else found
        if is_dataclass(value) and not isinstance(value, type):
            changed = {
                each.name: new
                for each in fields(value)
                if each.init and (new := self._of(old := getattr(value, each.name))) is not old
            }
            return replace(value, **changed) if changed else value
        return value


def names_of(kind: str, shown: Iterable[str]) -> Names:
    """Return names of our own for these; `kind` is a lower-case letter that tells them from those of other kinds."""
    return Names({f"x7q{kind}{number}x": name for number, name in enumerate(shown)})


def together(*some: Names) -> Names:
    """Return the names of several kinds as one."""
    return Names({own: shown for each in some for own, shown in each.shown.items()})
