"""A status is small whatever the study's size: what etcd holds of it, and every watcher is sent."""

from __future__ import annotations

import json
from random import Random

from assay.api.bounds import STATUS_BYTES, json_bytes
from assay.api.conditions import Reason
from assay.controller.publishing.reports import with_report
from assay.planning.plan import plan
from assay.planning.records.records import Obstacle, WorkRecord
from assay.reporting.written import Written
from assay.rounds.reconcile import Round
from assay.store import Ledger
from assay_trainer.objects import MemoryObjects
from builders.effort import tries
from builders.manifests import a_hypothesis, a_proxy
from builders.studies import a_failure, a_study, records_of_scores


def test_of_many_hypotheses_with_long_names_of_which_many_fail_at_length() -> None:
    count = tries(1000, quick=300)
    names = [f"cosine-schedule-with-warm-restarts-and-label-smoothing-{index:08d}" for index in range(1, count)]
    assert {len(name) for name in names} == {63}
    hypotheses = [a_hypothesis("baseline"), *(a_hypothesis(name, recipe={"x": name}) for name in names)]
    proxies = [a_proxy(f"{'p' * 50}-{epochs}", epochs=epochs) for epochs in range(1, 9)]
    study = a_study(hypotheses=hypotheses, proxies=proxies, seeds=2)
    said = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (512x1152 and 2304x10) in 模型/解码器.py 📉. " * 4
    records = dict(records_of_scores(study, lambda trial: None if trial.hypothesis[-1] in "13579" else 0.123456789))
    for trial in study.design.trials:
        records.setdefault(trial.key, WorkRecord(failures=(a_failure(trial.key, message=said),)))
    obstacles = [Obstacle(Reason.UNSCHEDULABLE, f"{said} {said}", True), Obstacle(Reason.JOB_REFUSED, said, True)]
    decided = plan(study, records, 1_000_000.0, obstacles)
    known = Written(f"s3://{'b' * 60}/{'r' * 900}", f"s3://{'b' * 60}/{'t' * 900}")
    earlier = decided.status.model_copy(update={"report": known.report, "ledger": known.trials})
    suspended = a_study(hypotheses=hypotheses, proxies=proxies, seeds=2, suspend=True)  # no other report is written
    status = with_report(suspended, Round(decided, records), Ledger(MemoryObjects()), earlier)
    assert status.report == known.report
    assert status.trials.planned == count * 9 * 2
    assert len(status.ranking) >= 20
    assert len(json.dumps(status.to_dict(), ensure_ascii=False).encode()) <= STATUS_BYTES


def test_of_sixteen_proxies_none_of_which_can_be_judged_and_more_hypotheses_than_are_shown() -> None:
    random = Random(1)
    names = [f"cosine-schedule-with-warm-restarts-and-label-smoothing-{index:08d}" for index in range(59)]
    hypotheses = [a_hypothesis("baseline"), *(a_hypothesis(name, recipe={"x": name}) for name in names)]
    proxies = [a_proxy(f"{'p' * 60}-{epochs}", epochs=epochs) for epochs in range(1, 9)]
    proxies += [a_proxy(f"{'q' * 60}-{epochs}", epochs=epochs, batch_size=256) for epochs in range(1, 9)]
    study = a_study(hypotheses=hypotheses, proxies=proxies, seeds=2, maximum=9)
    # hypotheses that hardly differ: whatever the arm, the message says at length what it would take
    scores = {trial.key: 0.123456789 + random.gauss(0, 0.0123456789) for trial in study.design.initial_trials}
    records = records_of_scores(study, lambda trial: scores.get(trial.key), seconds=lambda trial: 12.3456789)
    status = plan(study, records, 1_000_000.0).status
    assert len(status.arms) == 17
    assert all(arm.certificate is not None for arm in status.arms[1:])
    assert len(status.ranking) >= 20
    assert json_bytes(status) <= STATUS_BYTES
