"""Prometheus metrics of every study, as of its latest round, and of the operator itself.

docs/metrics.md describes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from assay.api.decimals import decimal_value
from assay.api.resources import REFERENCE, TrustDecision, Verdict
from assay.reporting.metric_descriptions import DESCRIPTIONS
from assay.reporting.rows import REVOKED, is_revoked
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, ProxyStudyStatus, TrialCounts
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study

_TRIAL_PHASES = ("pending", "running", "succeeded", "failed")
_STATUSES = ("true", "false", "unknown")
_DURATIONS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ArmProfile(NamedTuple):
    """Means over the arm's trials that have a profile, each 0 to 1; None if no trial reports it."""

    device_utilisation: float | None
    data_wait: float | None


def arm_profiles(study: Study, records: Records) -> Mapping[str, ArmProfile]:
    """Return the profile of each arm, over the results of the trials in the study's present design."""
    utilisations: dict[str, list[float]] = defaultdict(list)
    waits: dict[str, list[float]] = defaultdict(list)
    for key, arm in study.design.arm_of.items():
        record = records.get(key)
        profile = record.result.profile if record and isinstance(record.result, TrialResult) else None
        if profile is not None:
            waits[arm].append(profile.data_wait)
            if profile.device_utilisation is not None:
                utilisations[arm].append(profile.device_utilisation)
    return {arm: ArmProfile(_mean(utilisations[arm]), _mean(waits[arm])) for arm in study.design.arms}


@dataclass(frozen=True)
class StudyFigures:
    """The latest status of a study, and where its trials' time went."""

    status: ProxyStudyStatus
    profiles: Mapping[str, ArmProfile] = field(default_factory=dict)


class StudyCollector(Collector):
    """The metrics of the studies, made at each scrape from what was last put here, so that no series outlives its study
    or its label. Threads may share one collector."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._studies: dict[tuple[str, str], StudyFigures] = {}

    def put(self, namespace: str, study: str, status: ProxyStudyStatus) -> None:
        """Keep the latest status of a study."""
        with self._lock:
            known = self._studies.get((namespace, study), StudyFigures(status))
            self._studies[namespace, study] = replace(known, status=status)

    def put_profiles(self, namespace: str, study: str, profiles: Mapping[str, ArmProfile]) -> None:
        """Keep where the time of a study's trials went, if the study is known here."""
        with self._lock:
            if known := self._studies.get((namespace, study)):
                self._studies[namespace, study] = replace(known, profiles=profiles)

    def remove(self, namespace: str, study: str) -> None:
        """Forget a study that is gone."""
        with self._lock:
            self._studies.pop((namespace, study), None)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all studies; `prometheus_client` calls this at a scrape."""
        with self._lock:
            studies = sorted(self._studies.items())
        families = _Families()
        for (namespace, study), figures in studies:
            families.add(namespace, study, figures)
        return families.made()


class _Families:
    """The metric families, which hold the samples of all studies."""

    def __init__(self) -> None:
        self._made: dict[str, GaugeMetricFamily] = {}
        for name, (labels, text) in DESCRIPTIONS.items():
            self._made[name] = GaugeMetricFamily(name, text, labels=["namespace", "study", *labels])

    def made(self) -> Iterator[Metric]:
        return iter(self._made.values())

    def add(self, namespace: str, study: str, figures: StudyFigures) -> None:
        status = figures.status

        def put(name: str, value: float | str | None, *labels: str) -> None:
            if value is not None:
                number = decimal_value(value) if isinstance(value, str) else value
                self._made[name].add_metric([namespace, study, *labels], number)

        for condition in status.conditions:
            for word in _STATUSES:
                value = float(condition.status.lower() == word)
                put("assay_study_condition", value, condition.type, word)
        put("assay_study_stale_trials", status.trials.stale)
        cost = status.cost
        put("assay_study_accelerator_seconds", cost.reference_accelerator_seconds, "reference")
        put("assay_study_accelerator_seconds", cost.proxies_accelerator_seconds, "proxies")
        put("assay_study_accelerator_seconds", cost.preparations_accelerator_seconds, "preparations")
        put("assay_study_accelerator_seconds", cost.failures_accelerator_seconds, "failures")
        put("assay_study_purpose_accelerator_seconds", cost.calibration_accelerator_seconds, "calibration")
        put("assay_study_purpose_accelerator_seconds", cost.screening_accelerator_seconds, "screening")
        put("assay_study_purpose_accelerator_seconds", cost.confirmation_accelerator_seconds, "confirmation")
        put("assay_study_purpose_accelerator_seconds", cost.audits_accelerator_seconds, "audits")
        put("assay_study_purpose_accelerator_seconds", cost.stale_accelerator_seconds, "stale")
        put("assay_study_resumed_accelerator_seconds", cost.resumed_accelerator_seconds)
        put("assay_study_saved_accelerator_seconds", cost.saved_accelerator_seconds)
        put("assay_study_ranking_accuracy_ratio", status.ranking_accuracy)
        if any(row.may_be_best is not None for row in status.ranking):
            put("assay_study_may_be_best_hypotheses", sum(row.may_be_best is True for row in status.ranking))
        put("assay_study_unstable_hypotheses", sum(row.verdict is Verdict.UNSTABLE for row in status.ranking))
        for arm in status.arms:
            for phase in _TRIAL_PHASES:
                put("assay_study_trials", _count(arm.trials, phase), arm.name, phase)
            self._add_arm(put, arm, figures.profiles.get(arm.name, ArmProfile(None, None)))

    def _add_arm(self, put: Callable[..., None], arm: ArmStatus, profile: ArmProfile) -> None:
        if agreement := arm.agreement:
            put("assay_arm_agreement_ratio", agreement.kendall_tau, arm.name)
            put("assay_arm_agreement_low_ratio", agreement.low, arm.name)
            put("assay_arm_agreement_high_ratio", agreement.high, arm.name)
        put("assay_arm_noise_ceiling_ratio", arm.noise_ceiling, arm.name)
        if arm.name != REFERENCE:
            put("assay_arm_trusted", float(arm.decision is TrustDecision.TRUSTED), arm.name)
            decided = REVOKED if is_revoked(arm) else arm.decision
            for decision in (*TrustDecision, REVOKED):
                put("assay_arm_trust_decision", float(decided == decision), arm.name, decision)
        if certificate := arm.certificate:
            put("assay_arm_certificate_ratio", certificate.value, arm.name, certificate.statistic)
            put("assay_arm_certificate_low_ratio", certificate.low, arm.name, certificate.statistic)
            put("assay_arm_certificate_high_ratio", certificate.high, arm.name, certificate.statistic)
            put("assay_arm_certificate_corrected_ratio", certificate.corrected, arm.name, certificate.statistic)
            put("assay_arm_certificate_look", certificate.look, arm.name)
            put("assay_arm_certificate_needed_accelerator_seconds", certificate.needed_accelerator_seconds, arm.name)
            if certificate.noise_share_percent is not None:
                put("assay_arm_noise_share_ratio", certificate.noise_share_percent / 100, arm.name)
        if arm.saving_percent is not None:
            put("assay_arm_saving_ratio", arm.saving_percent / 100, arm.name)
        if cost := arm.cost:
            put("assay_arm_accelerator_seconds", cost.total_accelerator_seconds, arm.name)
            put("assay_arm_trial_accelerator_seconds", cost.trial_accelerator_seconds, arm.name)
        put("assay_arm_device_utilisation_ratio", profile.device_utilisation, arm.name)
        put("assay_arm_data_wait_ratio", profile.data_wait, arm.name)


class OperatorMetrics:
    """The metrics of the operator itself. The queue's depth is read at a scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._durations = Histogram(
            "assay_reconcile_duration_seconds",
            "Time that one reconcile took.",
            ["kind"],
            buckets=_DURATIONS,
            registry=registry,
        )
        self._errors = Counter(
            "assay_reconcile_errors", "Reconciles that failed and are tried again.", ["kind"], registry=registry
        )
        self._requests = Counter(
            "assay_kubernetes_requests",
            "Requests to the Kubernetes API but for watches, by HTTP status (0: no answer).",
            ["verb", "resource", "code"],
            registry=registry,
        )
        self._depth = Gauge("assay_queue_depth", "Reconciles that are due and wait for a thread.", registry=registry)

    def reconciled(self, kind: str, seconds: float, *, succeeded: bool) -> None:
        """Count a reconcile that has ended, with the seconds it took."""
        self._durations.labels(kind).observe(seconds)
        if not succeeded:
            self._errors.labels(kind).inc()

    def requested(self, verb: str, resource: str, code: int) -> None:
        """Count a request to the Kubernetes API by its status code; 0 if there was no answer."""
        self._requests.labels(verb, resource, str(code)).inc()

    def watch_queue(self, depth: Callable[[], int]) -> None:
        """Set the function that returns how many reconciles wait."""
        self._depth.set_function(depth)


def _count(counts: TrialCounts, phase: str) -> int:
    found: int = getattr(counts, phase)
    return found


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
