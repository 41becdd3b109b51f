"""Checks that the code and the inputs of an item are still those that its key was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay_trainer.attempts.failures import CodeChanged
from assay_trainer.code.digest import code_digest
from assay_trainer.code.inputs import edited
from assay_trainer.contract import Input


def check_code_unedited(entrypoint: str, code: str, elsewhere: Mapping[str, str]) -> None:
    """Raise CodeChanged if the code of an entry point no longer has its digest, or one of its files is gone."""
    try:
        here = code_digest(entrypoint.partition(":")[0], elsewhere)
    except OSError:
        here = None
    if here != code:
        raise CodeChanged(f"the sources of {entrypoint} were edited after the study had begun")


def check_inputs_unedited(inputs: Sequence[Input], stamps: Mapping[str, str], how: str) -> None:
    """Raise CodeChanged if an input that has a stamp in `stamps` (by URI) was edited; `how` says when."""
    if (uri := edited(inputs, stamps)) is not None:
        raise CodeChanged(f"spec.trainer.inputs: {uri} {how}")
