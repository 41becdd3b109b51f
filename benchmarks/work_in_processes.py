"""Runs trials and preparations of benchmarks in processes of a pool. Results are kept, so nothing runs twice."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from assay_trainer import contract
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import PreparationRequest, PreparationResult, TrialRequest, TrialResult
from assay_trainer.objects import Objects, open_objects
from assay_trainer.processes import preload


def begin() -> None:
    """Import in a process of the pool what its trials need, as the fork server does: it is not the first one's cost."""
    preload.be_single_threaded()
    preload.preload(preload.DEFAULT_MODULES)


def run_trial(store: str, request: TrialRequest) -> TrialResult:
    """Run a trial on one thread unless its result is in the store (a URI), and return it. Raises RuntimeError if it
    fails."""
    objects = _performed(store, request)
    return TrialResult.model_validate_json(objects.get(contract.result_name(request.key)))


def run_preparation(store: str, request: PreparationRequest) -> PreparationResult:
    """Do the same for a preparation."""
    objects = _performed(store, request)
    return PreparationResult.model_validate_json(objects.get(contract.preparation_name(request.key)))


def _performed(store: str, request: TrialRequest | PreparationRequest) -> Objects:
    objects = open_objects(store)
    message = perform(request, objects, device="cpu", threads=1)
    if message.reason != "Succeeded":
        of = f"{request.hypothesis}, seed {request.seed}" if isinstance(request, TrialRequest) else request.arm
        raise RuntimeError(f"{of}: {message.reason}: {message.message}")
    return objects


def code_of(*packages: ModuleType) -> str:
    """Return the digest of the packages that determine the results: not of all of assay_trainer, which changes more
    often."""
    sources = [
        source for each in packages if each.__file__ for source in sorted(Path(each.__file__).parent.glob("*.py"))
    ]
    return contract.digest(b"".join(source.read_bytes() for source in sources))
