"""The CustomResourceDefinitions, made from the models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from assay.api.base import GROUP, VERSION, Model
from assay.api.resources import Hypothesis, ProxyStudy
from assay.api.schema import resource_schema

_HEADER = "# Made by `assay crds`. Do not edit.\n"


def _column(name: str, path: str, description: str, *, kind: str = "string", wide: bool = False) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return {**column, "priority": 1} if wide else column


def _condition(name: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{name}")].{field}'


_AGE = _column("Age", ".metadata.creationTimestamp", "Time since it was made.", kind="date")

_HYPOTHESIS_COLUMNS = (
    _column("Priority", ".spec.priority", "Higher is tried first.", kind="integer"),
    _column("Verdict", ".status.verdicts", "What each study that selects it says of it; open: nothing yet."),
    _column("Difference", ".status.studies[0].difference", "Score minus the baseline's; the first study's."),
    _column("Rank", ".status.studies[0].rank", "Rank in the first study.", kind="integer"),
    _column("Study", ".status.selectedBy", "The studies that select it, in the same order."),
    _column("Concluded", _condition("Concluded", "status"), "Whether every study that selects it has its verdict."),
    _AGE,
    _column("Statement", ".spec.statement", "The claim."),
    _column("Reason", _condition("Concluded", "message"), "The study that it waits for, or what they say.", wide=True),
)

_STUDY_COLUMNS = (
    _column("Succeeded", _condition("Succeeded", "status"), "Whether the study has said all that it will say."),
    _column("Reason", ".status.reason", "What somebody must act on, else what is waited for, else how far it is."),
    _column("Trusted", _condition("ProxyTrusted", "status"), "Whether a proxy is trusted."),
    _column("Proxy", ".status.recommendedProxy", "The cheapest of the trusted proxies."),
    _column("Done", ".status.trials.succeeded", "Trials with a result.", kind="integer"),
    _column("Planned", ".status.trials.planned", "Trials that the spec asks for.", kind="integer"),
    _column("Failed", ".status.trials.failed", "Trials that failed for good.", kind="integer"),
    _column("Baseline", ".spec.hypotheses.baseline", "What all are compared with.", wide=True),
    _column("Metric", ".spec.metric.name", "What they are ranked by.", wide=True),
    _column("Report", ".status.report", "Where the report is.", wide=True),
    _column("Message", ".status.message", "What the reason means, and what to do about it.", wide=True),
    _AGE,
)


def _definition(
    model: type[Model], kind: str, plural: str, short: str, columns: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "labels": {"app.kubernetes.io/name": "assay"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
                "categories": ["assay"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": resource_schema(model)},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": list(columns),
                }
            ],
        },
    }


def custom_resource_definitions() -> dict[str, dict[str, Any]]:
    """Return the CustomResourceDefinitions by file name."""
    return {
        "hypotheses.yaml": _definition(Hypothesis, "Hypothesis", "hypotheses", "hyp", _HYPOTHESIS_COLUMNS),
        "proxystudies.yaml": _definition(ProxyStudy, "ProxyStudy", "proxystudies", "pstudy", _STUDY_COLUMNS),
    }


def crd_texts() -> dict[str, str]:
    """Return the YAML texts of the definitions by file name."""
    return {
        name: _HEADER + yaml.dump(definition, Dumper=_NoAliases, sort_keys=False, width=120, allow_unicode=True)
        for name, definition in custom_resource_definitions().items()
    }


def write_crds(folder: Path) -> list[Path]:
    """Write the definitions into a folder, which is made if need be, and return the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in crd_texts().items():
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def drifted_crds(folder: Path) -> list[Path]:
    """Return the files of the folder that are missing, or are not what `write_crds` writes."""
    return [
        folder / name
        for name, text in crd_texts().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


class _NoAliases(yaml.SafeDumper):
    """Writes no anchors: they would save lines and cost readers."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True
