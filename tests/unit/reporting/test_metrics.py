"""The operator's Prometheus metrics."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from assay.api.conditions import Condition, Reason
from assay.api.resources import Trust, TrustDecision, TrustStatistic
from assay.planning.plan import plan
from assay.reporting.metrics import ArmProfile, OperatorMetrics, StudyCollector, arm_profiles
from builders.manifests import a_proxy
from builders.simulated import simulated_study
from builders.studies import a_profile, a_study, records_of_scores

NOW = 1_000_000.0


def a_registry() -> tuple[CollectorRegistry, StudyCollector]:
    registry, collector = CollectorRegistry(), StudyCollector()
    registry.register(collector)
    return registry, collector


def everything(registry: CollectorRegistry) -> str:
    """A scrape after every metric has got a value."""
    metrics = OperatorMetrics(registry)
    metrics.reconciled("study", 0.02, succeeded=False)
    metrics.requested("patch", "proxystudies", 200)
    metrics.watch_queue(lambda: 3)
    return generate_latest(registry).decode()


def test_a_scrape_has_what_the_status_says() -> None:
    registry, collector = a_registry()
    study, records = simulated_study(count=8)
    status = plan(study, records, NOW).status
    collector.put("team", "digits", status)
    collector.put_profiles("team", "digits", arm_profiles(study, records))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"namespace": "team", "study": "digits", **labels})

    short = next(arm for arm in status.arms if arm.name == "short")
    assert short.agreement
    assert short.cost
    assert short.saving_percent
    assert value("assay_arm_agreement_ratio", arm="short") == float(short.agreement.kendall_tau or "nan")
    assert value("assay_arm_agreement_low_ratio", arm="short") == float(short.agreement.low or "nan")
    assert value("assay_arm_saving_ratio", arm="short") == short.saving_percent / 100
    assert value("assay_arm_accelerator_seconds", arm="short") == float(short.cost.total_accelerator_seconds)
    assert value("assay_arm_noise_ceiling_ratio", arm="reference") == float(short.noise_ceiling or "nan")
    assert value("assay_arm_trusted", arm="short") == 0
    assert value("assay_arm_trust_decision", arm="short", decision="Undecided") == 1
    assert value("assay_arm_trust_decision", arm="short", decision="Trusted") == 0
    assert value("assay_arm_trusted", arm="reference") is None
    assert value("assay_arm_data_wait_ratio", arm="small") == pytest.approx(0.22)
    assert value("assay_arm_device_utilisation_ratio", arm="reference") == pytest.approx(0.9)
    assert value("assay_study_trials", arm="coreset", phase="succeeded") == 24
    assert value("assay_study_stale_trials") == 0
    assert value("assay_study_condition", condition="Succeeded", status="true") == 1
    assert value("assay_study_condition", condition="Succeeded", status="false") == 0
    assert value("assay_study_accelerator_seconds", part="proxies") == float(status.cost.proxies_accelerator_seconds)


def test_what_is_not_known_has_no_series() -> None:
    registry, collector = a_registry()
    collector.put("team", "digits", plan(a_study(proxies=[a_proxy()]), {}, NOW).status)
    scraped = generate_latest(registry).decode()
    assert "assay_arm_agreement_ratio{" not in scraped
    assert "assay_arm_saving_ratio{" not in scraped
    assert "assay_arm_data_wait_ratio{" not in scraped


def test_a_study_that_is_gone_leaves_nothing_behind_and_neither_does_an_arm() -> None:
    registry, collector = a_registry()
    with_proxy, without = (plan(a_study(proxies=proxies), {}, NOW).status for proxies in ([a_proxy("quick")], []))
    collector.put("team", "digits", with_proxy)
    assert 'arm="quick"' in generate_latest(registry).decode()
    collector.put("team", "digits", without)
    assert 'arm="quick"' not in generate_latest(registry).decode()
    collector.remove("team", "digits")
    collector.put_profiles("team", "digits", {"reference": ArmProfile(1.0, 0.0)})
    assert "digits" not in generate_latest(registry).decode()


def test_profiles_are_kept_while_only_a_condition_changes() -> None:
    registry, collector = a_registry()
    study = a_study()
    records = records_of_scores(study, lambda _: 0.5, profile=lambda _: a_profile(data_wait=0.5, other=0.0))
    status = plan(study, records, NOW).status
    collector.put("team", "digits", status)
    collector.put_profiles("team", "digits", arm_profiles(study, records))
    stalled = Condition(type="Stalled", status="True", reason="StoreUnreachable", last_transition_time=_time())
    collector.put("team", "digits", status.model_copy(update={"conditions": (stalled,)}))
    labels = {"namespace": "team", "study": "digits"}
    assert registry.get_sample_value("assay_arm_data_wait_ratio", {**labels, "arm": "reference"}) == 0.5
    stalls = registry.get_sample_value("assay_study_condition", {**labels, "condition": "Stalled", "status": "true"})
    assert stalls == 1


def test_the_number_of_series_does_not_grow_with_the_trials() -> None:
    series = []
    for count in (8, 64):
        registry, collector = a_registry()
        study, records = simulated_study(count=count)
        collector.put("team", "digits", plan(study, records, NOW).status)
        series.append(sum(not line.startswith("#") for line in generate_latest(registry).decode().splitlines()))
    assert series[0] == series[1] < 150


def test_trust_is_told_by_the_statistic_that_the_study_is_about() -> None:
    registry, collector = a_registry()
    study, records = simulated_study(count=12, trust=Trust(statistic=TrustStatistic.DECISION_ACCURACY, threshold="0.9"))
    status = plan(study, records, NOW).status
    collector.put("team", "digits", status)
    labels = {"namespace": "team", "study": "digits", "arm": "coreset"}
    certificate = next(arm.certificate for arm in status.arms if arm.name == "coreset")
    assert certificate is not None
    about = {**labels, "statistic": "DecisionAccuracy"}
    for end, want in (("", certificate.value), ("_low", certificate.low), ("_high", certificate.high)):
        assert registry.get_sample_value(f"assay_arm_certificate{end}_ratio", about) == float(want or "nan")
    assert registry.get_sample_value("assay_arm_certificate_look", labels) == 1
    assert certificate.noise_share_percent is not None
    share = registry.get_sample_value("assay_arm_noise_share_ratio", labels)
    assert share == certificate.noise_share_percent / 100
    may_be_best = sum(row.may_be_best is True for row in status.ranking)
    counted = registry.get_sample_value("assay_study_may_be_best_hypotheses", {"namespace": "team", "study": "digits"})
    assert counted == may_be_best > 0


def test_a_revoked_proxy_is_not_among_those_that_are_not_trusted() -> None:
    registry, collector = a_registry()
    status = plan(a_study(proxies=[a_proxy("quick")]), {}, NOW).status
    revoked = status.arms[1].model_copy(update={"decision": TrustDecision.NOT_TRUSTED, "reason": Reason.REVOKED})
    collector.put("team", "digits", status.model_copy(update={"arms": (status.arms[0], revoked)}))
    labels = {"namespace": "team", "study": "digits", "arm": "quick"}
    decisions = [*(each.value for each in TrustDecision), "Revoked"]
    found = {each: registry.get_sample_value("assay_arm_trust_decision", {**labels, "decision": each})
             for each in decisions}  # fmt: skip
    assert found == {each: float(each == "Revoked") for each in decisions}
    assert registry.get_sample_value("assay_arm_trusted", labels) == 0


def test_promtool_has_nothing_to_say_against_the_metrics() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not there: `make system-deps` installs prometheus")
    registry, collector = a_registry()
    study, records = simulated_study(count=8)
    collector.put("team", "digits", plan(study, records, NOW).status)
    collector.put_profiles("team", "digits", arm_profiles(study, records))
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=everything(registry), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def _time() -> str:
    return "2026-01-31T12:00:00Z"
