"""The runner of a study on this machine, for every command that needs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.cli.inputs import log_folder
from assay.cli.manifest_files import folders_of
from assay.planning.study.programs import variables_of
from assay.runners.processes import ProcessRunner

if TYPE_CHECKING:
    from assay.api.reading.load import Manifests
    from assay.api.resources import ProxyStudy


def local_runner(
    given: Sequence[str],
    study: ProxyStudy,
    manifests: Manifests,
    *,
    slots: int | None = None,
    preload: Sequence[str] | None = None,
    inherited: Sequence[int] = (),
    threads: int | None = None,
    cpu_devices: bool = False,
) -> ProcessRunner:
    """Return a runner that looks for code beside the files which the `-f` options name, and passes programs the
    environment variables that the study or a hypothesis lists. For the rest see `ProcessRunner`. Raises
    InvalidInput."""
    return ProcessRunner(
        paths=folders_of(given),
        log_folder=log_folder(study),
        slots=slots,
        preload=preload,
        inherited=inherited,
        variables=variables_of(study.spec, manifests.hypotheses),
        threads=threads or study.spec.trainer.threads,
        cpu_devices=cpu_devices,
    )
