"""Reading recorded results from a Parquet or CSV file with a row per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.reading.words import one_of
from assay.runners.replay.rows import Row, runs_of
from assay.runners.replay.table import Table
from assay_trainer.contract import digest

if TYPE_CHECKING:
    import polars

_VALUES_SHOWN = 8


def read_table(
    path: Path, columns: Mapping[str, str], where: Mapping[str, str], options: Mapping[str, str] | None = None
) -> Table:
    """Read a Parquet or CSV file.

    `columns` says which of its columns is the hypothesis, arm or size, seed, cost and score, where they have other
    names; `where` keeps the rows whose columns have these values. `runs_of` says what becomes of the rows. `options`
    says which option named a column, where that is not --column. Raises InvalidInput.
    """
    place = str(path)
    frame = _frame(path)
    for column, value in where.items():
        frame = _kept(frame, column, value, place)
    sizes = not _has_arms(frame, columns)
    chosen = {
        name: columns.get(name, name) for name in ("hypothesis", "size" if sizes else "arm", "seed", "cost", "score")
    }
    for name, column in chosen.items():
        _known(column, frame, place, (options or {}).get(name, f"--column {name}"))
    if frame.is_empty():
        raise InvalidInput([Problem(place, "", "a table without rows", "a row per recorded run")])
    _check_repeats(frame, chosen, place)
    runs = runs_of(map(Row._make, frame.select(list(chosen.values())).rows()), sizes=sizes, place=place)
    identity = digest(repr((digest(path.read_bytes()), sorted(chosen.items()), sorted(where.items()))).encode())
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


def _has_arms(frame: polars.DataFrame, columns: Mapping[str, str]) -> bool:
    if ("arm" in columns) != ("size" in columns):
        return "arm" in columns
    return "arm" in frame.columns


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
