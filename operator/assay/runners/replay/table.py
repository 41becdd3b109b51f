"""Recorded results in long form: a row per (hypothesis, arm, seed) with what it cost and what it scored."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.api.errors import InvalidInput, Problem, nearest
from assay_trainer.contract import digest

if TYPE_CHECKING:
    import polars

COLUMNS = ("hypothesis", "arm", "size", "seed", "cost", "score")
"""What a table's columns may be taken as; of arm and size one is enough."""


class Cell(NamedTuple):
    """One recorded run: accelerator seconds, and its score; what is recorded twice is averaged."""

    cost: float
    score: float


@dataclass(frozen=True)
class Table:
    """Recorded runs by (hypothesis, arm or size, seed), the seeds numbered from 0 in their order.

    `digest` is that of the file and of what was chosen of it.
    """

    cells: Mapping[tuple[str, str, int], Cell]
    digest: str
    sizes: tuple[int, ...]
    """The training sizes, ascending, if the arms are sizes; else empty."""

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """Names, in alphabetical order."""
        return tuple(sorted({hypothesis for hypothesis, _, _ in self.cells}))

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of arms, or sizes as text, in alphabetical order."""
        return tuple(sorted({arm for _, arm, _ in self.cells}))

    def size_of(self, data_percent: int) -> int:
        """The recorded size that is nearest, in ratio, to this share of the largest one."""
        wanted = math.log(self.sizes[-1] * data_percent / 100)
        return min(self.sizes, key=lambda size: abs(math.log(size) - wanted))


def read_table(path: Path, columns: Mapping[str, str], where: Mapping[str, str]) -> Table:
    """Read a Parquet or CSV file.

    `columns` says which of its columns is the hypothesis, arm, size, seed, cost and score, where they are not
    called so; `where` keeps the rows whose columns have these values. Names of hypotheses become DNS labels,
    as resources have them. Raises InvalidInput.
    """
    frame = _read(path)
    taken = {name: columns.get(name, name) for name in COLUMNS}
    place = str(path)
    for column, value in where.items():
        _known(column, frame, place, "--where")
        frame = frame.filter(frame[column].cast(_polars().String) == value)
        if frame.is_empty():
            raise InvalidInput([Problem(place, f"--where {column}", repr(value), "a value that a row has")])
    level = "arm" if taken["arm"] in frame.columns and "size" not in columns else "size"
    for name in ("hypothesis", level, "seed", "cost", "score"):
        _known(taken[name], frame, place, f"--column {name}")
    gathered: dict[tuple[str, str, int], list[Cell]] = {}
    rows = frame.select([taken[name] for name in ("hypothesis", level, "seed", "cost", "score")]).rows()
    for number, (hypothesis, arm, seed, cost, score) in enumerate(rows, start=1):
        try:
            if score is None or not math.isfinite(score):
                continue  # a run without a score is a run that is not there
            key = (resource_name(str(hypothesis)), str(arm), int(seed))
            gathered.setdefault(key, []).append(Cell(float(cost), float(score)))
        except (TypeError, ValueError) as error:
            problem = Problem(place, f"row {number}", str(error), "a whole seed, numbers as cost and score")
            raise InvalidInput([problem]) from error
    seeds = {seed: number for number, seed in enumerate(sorted({seed for _, _, seed in gathered}))}
    cells = {
        (key[0], key[1], seeds[key[2]]): Cell(
            sum(cell.cost for cell in same) / len(same), sum(cell.score for cell in same) / len(same)
        )
        for key, same in gathered.items()
    }
    sizes = sorted({int(arm) for _, arm, _ in cells}) if level == "size" else []
    identity = digest(repr((digest(path.read_bytes()), sorted(taken.items()), sorted(where.items()))).encode())
    return Table(cells, identity, tuple(sizes))


def resource_name(text: str) -> str:
    """`text` as a DNS label: lower case, everything else a dash. Raises ValueError if nothing is left."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    if not name:
        raise ValueError(f"{text!r} has no letter or digit to make a name of")
    return name


def _read(path: Path) -> polars.DataFrame:
    library = _polars()
    readers: dict[str, Any] = {".parquet": library.read_parquet, ".csv": library.read_csv}
    if path.suffix not in readers:
        raise InvalidInput([Problem(str(path), "", path.suffix or "no suffix", "a .parquet or .csv file")])
    if not path.is_file():
        raise InvalidInput([Problem(str(path), "", "no such file", "a .parquet or .csv file")])
    try:
        frame: polars.DataFrame = readers[path.suffix](path)
    except library.exceptions.PolarsError as error:
        raise InvalidInput([Problem(str(path), "", str(error).splitlines()[0], "a readable table")]) from error
    return frame


def _known(column: str, frame: polars.DataFrame, place: str, option: str) -> None:
    if column not in frame.columns:
        allowed = f"a column of the table: {', '.join(frame.columns)}"
        raise InvalidInput([Problem(place, option, repr(column), allowed, nearest(column, frame.columns))])


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        problem = Problem("assay replay", "", "polars is not installed", "pip install 'assay[replay]'")
        raise InvalidInput([problem]) from None
    return polars
