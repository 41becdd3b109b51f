"""How the operator is set up: by its environment, which the chart fills in.

    ASSAY_STORE                  where results are kept: s3://bucket/prefix, or file:///folder (needed)
    ASSAY_DATASETS               prefixes of URIs, with commas, below which data sets may be; {namespace} stands for
                                 the study's namespace; default: the folder `datasets` beside the store, and the
                                 namespace's folder in the store
    ASSAY_NAMESPACES             namespaces that are served, with commas; none: all
    ASSAY_TRAINER_IMAGE          image of trials whose study names none: by digest, or by a tag that does not move
    ASSAY_POD_TEMPLATE           a YAML file: what the pods of all trials have, as spec.trainer.podTemplate
    ASSAY_TRIAL_ENV_SECRET       Secret, in each study's namespace, with variables for trials such as S3 credentials
    ASSAY_TRIAL_SERVICE_ACCOUNT  service account of trials whose study names none
    ASSAY_TRIAL_SCRATCH          how much a trial may have in /tmp, such as 500Mi; default 10Gi; none: no limit
    ASSAY_TRIAL_CACHE            PersistentVolumeClaim, in each study's namespace, for blocks of data sets that trials
                                 have read; none: each trial reads them from the store
    ASSAY_TRIAL_CACHE_SIZE       how much of its volume may be used; default 20Gi
    ASSAY_TRIAL_ALLOW            Secrets, service accounts and images that studies may name, as JSON:
                                 {"secrets": […], "serviceAccounts": […], "images": […]}, names or patterns as a shell
                                 has them; a key that is left out: all; []: none
    ASSAY_LIMIT_JOBS             how many Jobs of all studies may live at a time, shared fairly; default 1000
    ASSAY_LIMIT_PARALLELISM      how many trials a study that says no number may run at a time; default 50
    ASSAY_PENDING_SECONDS        how long a trial may wait for a node before its study says so; default 60
    ASSAY_WORKERS                how many studies are worked on at a time; default 8
    ASSAY_LIMIT_MANIFEST         how large a data set's manifest may be to be read: bytes, or 512Ki, 4Mi; default 4Mi
    ASSAY_LIMIT_RESULT           how large the result of a trial or a preparation may be; default 1Mi
    ASSAY_LIMIT_RECORD           how large another object of a study may be, such as a failed attempt; default 256Ki
    ASSAY_LIMIT_STUDY            about how much memory the objects of one study may take; default 256Mi
    ASSAY_LIMIT_MEMORY           about how much memory the objects of all studies may take; default 320Mi
    ASSAY_LIMIT_NAMES            how many objects of each kind a study may have in the store; default 200000
    ASSAY_LIMIT_HYPOTHESES       how many hypotheses a study may select; default 2000
    ASSAY_LISTEN_HEALTH          port of /healthz; default 8080
    ASSAY_LISTEN_METRICS         port of /metrics; default 9090
    ASSAY_LOG_FORMAT             text (default) or json
    ASSAY_LOG_LEVEL              debug, info (default), warning or error

No name ends in _PORT: Kubernetes sets such variables for its services.

The variables of S3 (AWS_ENDPOINT_URL, AWS_REGION, ASSAY_S3_…) that are set here are set in the trials too;
credentials are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

import yaml
from pydantic import ValidationError

from assay.api.base import Model
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.policy import AllowedPods, AllowedUris, Policy
from assay.api.policy.uris import wrong_prefix
from assay.api.reading.faults import faults_of
from assay.api.reading.yaml_documents import path_text
from assay.api.resources import PodTemplate
from assay.api.values import IMAGE, NAME, SUBDOMAIN
from assay.runners.jobs import CacheClaim, TrialSettings
from assay.store import StoreLimits
from assay_trainer.objects import open_objects

LogFormat = Literal["text", "json"]
_SIZE = r"[1-9][0-9]{0,14}([kMGTP]|[KMGTP]i)?"

LogLevel = Literal["debug", "info", "warning", "error"]

PASSED_ON = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
)
"""Variables that trials need as the operator does, besides those that begin with ASSAY_S3_."""

_UNITS = {None: 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_LEAST_BYTES, _MOST_BYTES = 1 << 10, 64 << 30


@dataclass(frozen=True)
class Settings:
    """The operator's settings, as this module's text describes them."""

    store: str
    datasets: tuple[str, ...] = ()
    allow: AllowedPods = field(default_factory=AllowedPods)
    namespaces: tuple[str, ...] = ()
    trials: TrialSettings = field(default_factory=TrialSettings)
    limits: StoreLimits = field(default_factory=StoreLimits)
    jobs: int = 1000
    workers: int = 8
    health_port: int = 8080
    metrics_port: int = 9090
    log_format: LogFormat = "text"
    log_level: LogLevel = "info"

    @property
    def policy(self) -> Policy:
        """What studies may ask for."""
        return Policy(data=AllowedUris.of(self.store, self.datasets), pods=self.allow)


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings that the variables say; an empty one is not set. Raises InvalidInput with all problems."""
    reader = _Reader(environment)
    settings = Settings(
        store=reader.store(),
        datasets=reader.prefixes("ASSAY_DATASETS"),
        allow=reader.allowed("ASSAY_TRIAL_ALLOW"),
        namespaces=reader.names("ASSAY_NAMESPACES"),
        trials=TrialSettings(
            image=reader.image("ASSAY_TRAINER_IMAGE"),
            pod_template=reader.pod_template("ASSAY_POD_TEMPLATE"),
            scratch=reader.size("ASSAY_TRIAL_SCRATCH", "10Gi"),
            cache=reader.cache(),
            environment={
                name: value
                for name, value in sorted(environment.items())
                if value and (name in PASSED_ON or name.startswith("ASSAY_S3_"))
            },
            environment_secret=reader.subdomain("ASSAY_TRIAL_ENV_SECRET"),
            service_account=reader.subdomain("ASSAY_TRIAL_SERVICE_ACCOUNT"),
            parallelism=reader.number("ASSAY_LIMIT_PARALLELISM", 50, 1, 10_000),
            pending_seconds=float(reader.number("ASSAY_PENDING_SECONDS", 60, 1, 86_400)),
        ),
        limits=StoreLimits(
            manifest=reader.bytes("ASSAY_LIMIT_MANIFEST", StoreLimits.manifest),
            result=reader.bytes("ASSAY_LIMIT_RESULT", StoreLimits.result),
            record=reader.bytes("ASSAY_LIMIT_RECORD", StoreLimits.record),
            study=reader.bytes("ASSAY_LIMIT_STUDY", StoreLimits.study),
            memory=reader.bytes("ASSAY_LIMIT_MEMORY", StoreLimits.memory),
            names=reader.number("ASSAY_LIMIT_NAMES", StoreLimits.names, 1_000, 10_000_000),
            hypotheses=reader.number("ASSAY_LIMIT_HYPOTHESES", StoreLimits.hypotheses, 2, 100_000),
        ),
        jobs=reader.number("ASSAY_LIMIT_JOBS", 1000, 1, 100_000),
        workers=reader.number("ASSAY_WORKERS", 8, 1, 64),
        health_port=reader.number("ASSAY_LISTEN_HEALTH", 8080, 1, 65_535),
        metrics_port=reader.number("ASSAY_LISTEN_METRICS", 9090, 1, 65_535),
        log_format=cast("LogFormat", reader.word("ASSAY_LOG_FORMAT", get_args(LogFormat), "text")),
        log_level=cast("LogLevel", reader.word("ASSAY_LOG_LEVEL", get_args(LogLevel), "info")),
    )
    if reader.problems:
        raise InvalidInput(reader.problems)
    return settings


class _Reader:
    """Reads variables, and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {name: value.strip() for name, value in environment.items()}
        self.problems: list[Problem] = []

    def store(self) -> str:
        uri = self._environment.get("ASSAY_STORE", "").rstrip("/")
        try:
            open_objects(f"{uri}/namespace")
        except ValueError as error:
            self._problem("ASSAY_STORE", f"s3://bucket/prefix or file:///folder ({error})")
        return uri

    def prefixes(self, variable: str) -> tuple[str, ...]:
        given = [prefix.strip() for prefix in self._environment.get(variable, "").split(",")]
        prefixes = tuple(dict.fromkeys(filter(None, given)))
        for prefix in prefixes:
            if why := wrong_prefix(prefix):
                allowed = "s3://bucket/prefix or file:///folder, with commas between them"
                self.problems.append(Problem(variable, "", f'"{prefix}" ({why})', allowed))
        return prefixes

    def allowed(self, variable: str) -> AllowedPods:
        text = self._environment.get(variable) or "{}"
        try:
            return AllowedPods.model_validate_json(text, by_alias=True, by_name=False)
        except ValidationError as error:
            if error.errors()[0]["type"] == "json_invalid":
                self._problem(variable, 'JSON, such as {"secrets": ["tracker"], "images": ["registry.example/team/*"]}')
            else:
                self._faults(variable, AllowedPods, error)
        return AllowedPods()

    def names(self, variable: str) -> tuple[str, ...]:
        given = [name.strip() for name in self._environment.get(variable, "").split(",") if name.strip()]
        if any(len(name) > 63 or not re.match(NAME, name) for name in given):
            self._problem(variable, "names of namespaces, with commas between them; empty: all namespaces")
        return tuple(dict.fromkeys(given))

    def image(self, variable: str) -> str | None:
        image = self._environment.get(variable) or None
        if image and (not re.match(IMAGE, image) or not _is_fixed(image)):
            self._problem(variable, "an image by digest (name@sha256:…), or by a tag that is not latest")
        return image

    def pod_template(self, variable: str) -> PodTemplate:
        path = self._environment.get(variable)
        if not path:
            return PodTemplate()
        try:
            value = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
            return PodTemplate.model_validate(value or {}, by_alias=True, by_name=False)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            self._problem(variable, f"a YAML file ({error})")
        except ValidationError as error:
            self._faults(f"{variable}: {path}", PodTemplate, error)
        return PodTemplate()

    def subdomain(self, variable: str) -> str | None:
        name = self._environment.get(variable) or None
        if name and (len(name) > 253 or not re.match(SUBDOMAIN, name)):
            self._problem(variable, "a name: lower-case letters, digits, '-' and '.'")
        return name

    def size(self, variable: str, default: str) -> str | None:
        text = self._environment.get(variable) or default
        if text == "none":
            return None
        if not re.fullmatch(_SIZE, text):
            self._problem(variable, "a whole number of bytes, with a unit such as Mi or Gi; or none")
        return text

    def cache(self) -> CacheClaim | None:
        claim = self.subdomain("ASSAY_TRIAL_CACHE")
        size = self.bytes("ASSAY_TRIAL_CACHE_SIZE", 20 << 30, most=1 << 50)
        return CacheClaim(claim, size) if claim else None

    def number(self, variable: str, default: int, least: int, most: int) -> int:
        text = self._environment.get(variable) or str(default)
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            self._problem(variable, f"a whole number of {least} to {most}")
            return default
        return int(text)

    def bytes(self, variable: str, default: int, most: int = _MOST_BYTES) -> int:
        text = self._environment.get(variable) or str(default)
        parts = re.fullmatch(r"([0-9]{1,12})(Ki|Mi|Gi)?", text)
        size = int(parts[1]) * _UNITS[parts[2]] if parts else 0
        if not _LEAST_BYTES <= size <= most:
            self._problem(variable, f"bytes, or Ki, Mi, Gi of them: 1Ki to {most >> 30}Gi")
            return default
        return size

    def word(self, variable: str, words: tuple[str, ...], default: str) -> str:
        given = self._environment.get(variable) or default
        if given not in words:
            self._problem(variable, " or ".join(words), nearest(given, words))
            return default
        return given

    def _faults(self, where: str, model: type[Model], error: ValidationError) -> None:
        for fault in faults_of(model, error):
            self.problems.append(Problem(where, path_text(fault.location), fault.given, fault.allowed, fault.nearest))

    def _problem(self, variable: str, allowed: str, close: str | None = None) -> None:
        given = self._environment.get(variable)
        self.problems.append(Problem(variable, "", f'"{given}"' if given else "nothing", allowed, close))


def _is_fixed(image: str) -> bool:
    """Return whether the image's name stands for one content only."""
    tag = image.rpartition("/")[2].partition(":")[2]
    return "@sha256:" in image or tag not in ("", "latest")
