"""What the ledger's objects are called. Nothing in a store is ever overwritten.

`assay_trainer.contract` names what workers read and write: requests, results, examples, preparations, attempts. Beside
these:

    studies/<study>/started/<key>/<attempt>.json    which attempts the study started, and when: its index
    studies/<study>/criteria/<digest>.json          under which criteria its results were looked at
    studies/<study>/edits/<number>.json             what it was judged by while scores were seen (EditRecord)
    studies/<study>/programs/<digest>.json          what the code of its trials was made of, by the code's digest
    studies/<study>/certificates/<name>.json        what is written down of its certificates (TrustRecord)
    studies/<study>/reports/<digest>.html           its report
    studies/<study>/trials/<digest>.json            the table of its trials
    studies/<study>/traces/<key>-<digest>.json.gz   a few steps of its baseline, as `assay profile --layers` saw them
    studies/<study>/retries/<digest>.json           a request to retry that was carried out
    looks/<yardstick>/<name>.json                   what was seen of its arms, by studies of any name (LookRecord)
    attempts/<key>/<attempt>.forgiven.json          a failure that no longer counts, since a retry was asked for
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from assay_trainer.contract import attempt_name, canonical_json, short_digest

RESULTS = "results/"
PREPARATIONS = "preparations/"
ATTEMPTS = "attempts/"

_EDIT = re.compile(r"(?!000000)[0-9]{6}\.json")
_FORGIVEN = ".forgiven"
_ATTEMPT = re.compile(r"(?:.*/)?([0-9a-f]{32})/([0-9]{4,9})(\.forgiven)?\.json")


class StartedAttempt(NamedTuple):
    """An attempt that a study started."""

    key: str
    attempt: int


class NamedAttempt(NamedTuple):
    """What an object's name says of an attempt."""

    name: str
    key: str
    attempt: int
    is_forgiven: bool


def started_folder(study: str) -> str:
    """Return the folder of the marks of attempts that a study started."""
    return f"studies/{study}/started/"


def started_name(study: str, attempt: StartedAttempt) -> str:
    """Return the name of the mark of an attempt that a study started."""
    return f"{started_folder(study)}{attempt.key}/{attempt.attempt:04d}.json"


def criteria_folder(study: str) -> str:
    """Return the folder of the criteria under which a study's results were looked at."""
    return f"studies/{study}/criteria/"


def edits_folder(study: str) -> str:
    """Return the folder of the log of what a study was judged by while scores were seen."""
    return f"studies/{study}/edits/"


def edit_name(study: str, number: int) -> str:
    """Return the name of the log's record of a number."""
    return f"{edits_folder(study)}{number:06d}.json"


def is_edit_name(name: str) -> bool:
    """Return whether a name in that folder is one of ours."""
    return _EDIT.fullmatch(name.rpartition("/")[2]) is not None


def certificates_folder(study: str) -> str:
    """Return the folder of what is written down of a study's certificates."""
    return f"studies/{study}/certificates/"


def looks_folder(yardstick: str) -> str:
    """Return the folder of what was seen by one yardstick (see `planning.records.look_records`)."""
    return f"looks/{yardstick}/"


def programs_folder(study: str) -> str:
    """Return the folder of what the code of a study's trials was made of."""
    return f"studies/{study}/programs/"


def program_name(study: str, code: str) -> str:
    """Return the name of what a digest of code was made of."""
    return f"{programs_folder(study)}{code.removeprefix('sha256:')[:32]}.json"


def retries_folder(study: str) -> str:
    """Return the folder of the requests to retry that were carried out."""
    return f"studies/{study}/retries/"


def retry_name(study: str, request: str) -> str:
    """Return the name of a request to retry, which is told from others by its text."""
    return f"{retries_folder(study)}{short_digest(request.encode())}.json"


def document_name(study: str, folder: str, suffix: str, data: bytes) -> str:
    """Return the name of a document that was made of a study's results: a digest of its contents."""
    return f"studies/{study}/{folder}/{short_digest(data)[:16]}.{suffix}"


def kept_trace_name(study: str, key: str, data: bytes) -> str:
    """Return the name of the trace of a few steps of a trial, in Chrome's format, compressed by gzip."""
    return f"studies/{study}/traces/{key}-{short_digest(data)[:16]}.json.gz"


def request_name(attempts: Sequence[StartedAttempt]) -> str:
    """Return the name of the request that asks for these attempts."""
    return f"requests/{short_digest(canonical_json([list(each) for each in attempts]))}.json"


def forgiven_name(key: str, attempt: int) -> str:
    """Return the name of the mark that the failures of a key up to an attempt no longer count."""
    return attempt_name(key, attempt).removesuffix(".json") + f"{_FORGIVEN}.json"


def key_in(name: str) -> str:
    """Return the last part of a name without its suffix: the key or digest that the object is about."""
    return name.rpartition("/")[2].removesuffix(".json")


def attempt_in(name: str) -> NamedAttempt | None:
    """Return what a name says of an attempt; None if it is none of ours."""
    parts = _ATTEMPT.fullmatch(name)
    if parts is None or int(parts[2]) < 1 or parts[2] != f"{int(parts[2]):04d}":
        return None
    return NamedAttempt(name, parts[1], int(parts[2]), is_forgiven=parts[3] is not None)
