"""People's names in the place of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from assay.api.metadata import ObjectMeta
from assay.judging.names import Names, names_of, together


class Cell(NamedTuple):
    """A place that has names."""

    hypothesis: str
    seed: int


@dataclass(frozen=True)
class Holder:
    """Names at all depths."""

    cells: tuple[Cell, ...]
    by_name: dict[str, frozenset[str]]
    meta: ObjectMeta
    nothing: None = None


NAMES = together(names_of("h", ["lr = 0.1", "b|c"]), names_of("p", ["20 epochs"]))


def test_names_are_put_back_at_all_depths() -> None:
    given = Holder((Cell("x7qh0x", 3),), {"x7qp0x": frozenset({"x7qh1x"})}, ObjectMeta(name="x7qh1x"))
    found = NAMES.put_back(given)
    assert found.cells == (Cell("lr = 0.1", 3),)
    assert found.by_name == {"20 epochs": frozenset({"b|c"})}
    assert found.meta.name == "b|c"


def test_what_has_no_names_stays_the_same_object() -> None:
    given = (Cell("other", 1), ObjectMeta(name="plain"), 5)
    assert NAMES.put_back(given) is given


def test_a_name_that_looks_like_one_of_ours_is_not_put_back_twice() -> None:
    names = names_of("h", ["x7qh1x", "second"])
    assert names.text("x7qh0x and x7qh1x, not x7qh9x") == "x7qh1x and second, not x7qh9x"


def test_longer_numbers_are_other_names() -> None:
    names = Names({"x7qh1x": "one", "x7qh11x": "eleven"})
    assert names.text("x7qh11x, x7qh1x") == "eleven, one"
