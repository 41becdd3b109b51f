"""What kwok does to its nodes and pods, as its `Stage` objects: none are built into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

EXIT_CODE = "assay.test/exit-code"
"""Annotation of a running pod: it ends now, with this code."""

MESSAGE = "assay.test/message"
"""Annotation of a pod: its termination message."""

_NODE_READY = """\
conditions:
{{ range NodeConditions }}
- type: {{ .type }}
  status: {{ .status | Quote }}
  reason: {{ .reason }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}
{{ end }}
addresses: [{type: InternalIP, address: {{ NodeIP | Quote }}}]
capacity: CAPACITY
allocatable: CAPACITY
"""

_POD_RUNS = """\
phase: Running
startTime: {{ Now | Quote }}
conditions:
{{ range list "Initialized" "Ready" "ContainersReady" }}
- {type: {{ . }}, status: "True", lastTransitionTime: {{ Now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ Now | Quote }}}}
{{ end }}
"""

_POD_ENDS = """\
{{ $annotations := or .metadata.annotations dict }}
{{ $message := index $annotations "MESSAGE" }}
{{ $code := CODE }}
{{ $started := or .status.startTime Now }}
phase: {{ if eq $code "0" }}Succeeded{{ else }}Failed{{ end }}
conditions:
{{ range list "Ready" "ContainersReady" }}
- {type: {{ . }}, status: "False", reason: PodCompleted, lastTransitionTime: {{ Now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  started: false
  restartCount: 0
  state:
    terminated:
      exitCode: {{ $code }}
      reason: {{ if eq $code "0" }}Completed{{ else }}Error{{ end }}
      message: {{ or $message "" | Quote }}
      startedAt: {{ $started | Quote }}
      finishedAt: {{ Now | Quote }}
{{ end }}
"""

_ALIVE = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
_DELETED = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}
_PENDING = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
_RUNNING = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
_ENDED = {"key": ".status.phase", "operator": "In", "values": ["Succeeded", "Failed"]}
_NOT_ENDED = {**_ENDED, "operator": "NotIn"}
_TOLD = {"key": f'.metadata.annotations["{EXIT_CODE}"]', "operator": "Exists"}
_NOT_TOLD = {**_TOLD, "operator": "DoesNotExist"}
_NOT_READY = {
    "key": '.status.conditions.[] | select( .type == "Ready" ) | .status',
    "operator": "NotIn",
    "values": ["True"],
}


def stages(capacity: Mapping[str, str], pod_seconds: float | None) -> list[dict[str, Any]]:
    """Nodes with this capacity, whose pods end after this time, or (None) only when they are told to."""
    inline = "{" + ", ".join(f"{resource}: {quantity!r}" for resource, quantity in capacity.items()) + "}"
    told = f'index $annotations "{EXIT_CODE}"'
    found = [
        _stage("node-ready", [_NOT_READY], kind="Node", status=_NODE_READY.replace("CAPACITY", inline)),
        _stage("pod-runs", [_ALIVE, _PENDING], status=_POD_RUNS),
        _stage("pod-ends-as-told", [_ALIVE, _RUNNING, _TOLD], status=_pod_ends(told)),
        # A kubelet, too, ends a pod's containers before it lets the pod go.
        _stage("pod-is-killed", [_DELETED, _NOT_ENDED], status=_pod_ends('"137"')),
        _stage("pod-goes", [_DELETED, _ENDED]),
    ]
    if pod_seconds is not None:
        conditions = [_ALIVE, _RUNNING, _NOT_TOLD]
        found.append(_stage("pod-ends", conditions, status=_pod_ends('"0"'), seconds=pod_seconds))
    return found


def _pod_ends(code: str) -> str:
    return _POD_ENDS.replace("MESSAGE", MESSAGE).replace("CODE", code)


def _stage(
    name: str,
    conditions: Sequence[object],
    *,
    kind: str = "Pod",
    status: str | None = None,
    seconds: float = 0,
) -> dict[str, Any]:
    """When these conditions hold for so long, the object gets this status, or without one is removed."""
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": list(conditions)},
            "delay": {"durationMilliseconds": round(1000 * seconds)},
            "next": {"delete": True} if status is None else {"statusTemplate": status},
        },
    }
