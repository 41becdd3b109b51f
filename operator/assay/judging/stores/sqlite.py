"""Looking at a SQLite file before a tool opens it: tools make a file that is not there, and tables that it lacks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from assay.judging.stores.request import StoreRequest

PREFIX = "sqlite:///"


def check_sqlite(uri: str, table: str, tool: str, request: StoreRequest) -> None:
    """Check that a SQLite file is there and has this table of the tool's. Raises InvalidInput. Other stores pass."""
    if not uri.startswith(PREFIX):
        return
    path = Path(unquote(uri.removeprefix(PREFIX).partition("?")[0]))
    allowed = f"a file that {tool} has written"
    if not path.is_file():
        raise request.wrong("", f"{path}, where no file is", allowed)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as opened:
            found = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise request.wrong("", f"what can't be read as a database ({error})", allowed) from None
    if table not in found:
        raise request.wrong("", f"a database without {tool}'s tables", allowed)


def is_sqlite_file(text: str) -> bool:
    """Return whether this is the path of a SQLite file."""
    path = Path(text)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
