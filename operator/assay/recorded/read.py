"""Reading recorded results from a Parquet or CSV file with a row per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.reading.words import one_of
from assay.recorded.choice import Choice
from assay.recorded.rows import Row, runs_of
from assay.recorded.table import Table
from assay_trainer.contract import digest

if TYPE_CHECKING:
    import polars

_VALUES_SHOWN = 8


def read_file(path: Path, choice: Choice) -> Table:
    """Read the recorded runs of a file. Raises InvalidInput."""
    return _read(_frame(path), str(path), choice)


def read_frame(given: Any, choice: Choice, place: str = "the table") -> Table:
    """Read the recorded runs of a data frame, or of a mapping of columns; `place` is what errors call it.

    Raises InvalidInput.
    """
    return _read(_polars().DataFrame(given), place, choice)


def _read(frame: polars.DataFrame, place: str, choice: Choice) -> Table:
    for column, value in choice.where.items():
        frame = _kept(frame, column, value, place)
    sizes = bool(choice.size) if bool(choice.size) != bool(choice.arm) else "arm" not in frame.columns
    chosen = {
        "hypothesis": choice.hypothesis[0] if choice.hypothesis else "hypothesis",
        "arm": (choice.size or "size") if sizes else (choice.arm[0] if choice.arm else "arm"),
        "seed": choice.seed or "seed",
        "cost": choice.cost or "cost",
        "score": choice.score or "score",
    }
    for name, column in chosen.items():
        _known(column, frame, place, choice.called("size" if sizes and name == "arm" else name))
    if frame.is_empty():
        raise InvalidInput([Problem(place, "", "a table without rows", "a row per recorded run")])
    _check_repeats(frame, chosen, place)
    runs = runs_of(map(Row._make, frame.select(list(chosen.values())).rows()), sizes=sizes, place=place)
    identity = digest(repr(sorted(runs.items())).encode())
    return Table(runs, identity, {size: float(size) for _, size, _ in runs} if sizes else {})


def _frame(path: Path) -> polars.DataFrame:
    library = _polars()
    allowed = "a .parquet or .csv file with a row per recorded run"
    if not path.is_file():
        given = "a folder" if path.is_dir() else "a path where nothing is"
        raise InvalidInput([Problem(str(path), "", given, allowed)])
    if path.suffix not in (".parquet", ".csv"):
        raise InvalidInput([Problem(str(path), "", f"a file that ends in {path.suffix or 'nothing'}", allowed)])
    try:
        frame: polars.DataFrame = (
            library.read_parquet(path)
            if path.suffix == ".parquet"
            else library.read_csv(path, infer_schema_length=None)  # of all rows, since whole numbers may come first
        )
    except (library.exceptions.PolarsError, OSError) as error:
        given = f"what can't be read as a table ({str(error).splitlines()[0]})"
        raise InvalidInput([Problem(str(path), "", given, allowed)]) from error
    return frame


def _kept(frame: polars.DataFrame, column: str, value: str, place: str) -> polars.DataFrame:
    _known(column, frame, place, "--where")
    kept = frame.filter(frame[column].cast(_polars().String) == value)
    if kept.is_empty():
        values = _values(frame, column)
        raise InvalidInput([Problem(place, f"--where {column}", repr(value), _some(values), nearest(value, values))])
    return kept


def _known(column: str, frame: polars.DataFrame, place: str, option: str) -> None:
    if column not in frame.columns:
        allowed = f"a column of the table: {one_of(frame.columns)}"
        raise InvalidInput([Problem(place, option, repr(column), allowed, nearest(column, frame.columns))])


def _check_repeats(frame: polars.DataFrame, chosen: Mapping[str, str], place: str) -> None:
    """Check that rows of one run don't differ in text or whole numbers: then they may be of two data sets.

    Raises InvalidInput.
    """
    library = _polars()
    keys = [column for name, column in chosen.items() if name not in ("cost", "score")]
    others = [name for name in frame.columns if name not in chosen.values() and not frame[name].dtype.is_float()]
    differing = frame.group_by(keys).agg(library.col(others).n_unique()).select(library.col(others).max())
    for column in others:
        if differing[column][0] > 1:
            given = f"nothing for {column}, in which rows of the same {', '.join(keys)} differ"
            raise InvalidInput([Problem(place, "--where", given, f"{column}=VALUE, {_some(_values(frame, column))}")])


def _values(frame: polars.DataFrame, column: str) -> list[str]:
    found: list[str] = frame[column].drop_nulls().unique().sort().cast(_polars().String).to_list()
    return found


def _some(values: Sequence[str]) -> str:
    if len(values) <= _VALUES_SHOWN:
        return one_of(values)
    return f"one of the column's {len(values)} values, such as {', '.join(values[:_VALUES_SHOWN])}"


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        problem = Problem("assay replay", "", "polars is not installed", "pip install 'assay[replay]'")
        raise InvalidInput([problem]) from None
    return polars
