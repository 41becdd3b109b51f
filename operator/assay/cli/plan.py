"""assay plan: the size and the price of a study, and what it could certify, before anything runs."""

from __future__ import annotations

from assay.cli.cautioned import ManifestsRead, say_cautions
from assay.cli.inputs import (
    DEFAULT_STORE,
    CpuDevicesOption,
    FileOption,
    SlotsOption,
    StoreOption,
    StudyOption,
    ThreadsOption,
    load_study,
    open_ledger,
)


def plan(
    file: FileOption,
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    slots: SlotsOption = None,
    threads: ThreadsOption = None,
    cpu_devices: CpuDevicesOption = False,
) -> None:
    """Say how many trials a study has, how long they take, and what it could certify at all. Runs nothing."""
    from rich.console import Console

    from assay.cli.local_runner import local_runner
    from assay.cli.variables import say_missed_variables
    from assay.planning.forecast import forecast
    from assay.planning.results.stale_work import stale_work
    from assay.reporting.forecast import forecast_table
    from assay.rounds.earlier import earlier_of
    from assay.rounds.gather import gather_study
    from assay.rounds.history import with_history
    from assay.rounds.reconcile import records_of

    resource, manifests = load_study(file, study)
    ledger, read = open_ledger(store, resource), ManifestsRead()
    with local_runner(
        file, resource, manifests, slots=slots, preload=[], threads=threads, cpu_devices=cpu_devices
    ) as runner:
        gathered = gather_study(resource, manifests.hypotheses, runner, read)
    say_missed_variables(runner)
    say_cautions(resource, manifests.hypotheses, read)
    gathered = with_history(gathered, ledger)
    records = records_of(gathered, ledger, ())
    known = gathered.knowing(earlier_of(gathered, ledger, runner, records))
    Console().print(forecast_table(known, forecast(known, records), stale_work(known, records)))
