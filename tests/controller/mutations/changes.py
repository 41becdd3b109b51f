"""Valid manifests, changed at random: what people mistype, and what nobody would."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from controller.operators import DATA_SETS

Json = Any
Path = tuple[str | int, ...]
Draw = Callable[[st.SearchStrategy[Any]], Any]

_WORDS = (
    *("RankAll", "BeatBaseline", "FindBest", "Maximize", "Minimize", "Random", "EL2N", "KendallTau", "WinnerRegret"),
    *("DecisionAccuracy", "FamilyWise", "FalseDiscovery", "In", "NotIn", "Exists", "DoesNotExist", "reference"),
    *("baseline", "short", "Hypothesis", "ProxyStudy", "maximize", "rankall"),
)
_TEXTS = st.one_of(
    st.sampled_from(["", " ", "5", "0.5", "-1", "1e3", "NaN", "null", "true", "../x", "a/b", "A", "x y", "x\n", "ünï"]),
    st.sampled_from(["s3://bucket/x", "file:///nowhere/manifest.json", "http://x", "s3://", "file://relative/x"]),
    st.sampled_from(["team.train", "team.train:", ":run", "team.train:run:x", "registry.example/t:1", "t@sha256:"]),
    st.sampled_from(["0.00", "00.5", ".5", "5.", "+1", "0x10", "0." + "1" * 40, "9" * 33]),
    st.sampled_from(_WORDS),
    st.sampled_from([64, 257, 1025, 40_000]).map(lambda length: "x" * length),
    st.text(max_size=20),
)
_NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 99, 100, 101, 1000, 10**6 + 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30]),
    st.sampled_from([0.5, 20.0, -0.0, 1e308, 1e-7]),
    st.integers(-200, 200),
)


def _deep(depth: int) -> Json:
    value: Json = 1
    for level in range(depth):
        value = [value] if level % 2 else {"deeper": value}
    return value


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    _NUMBERS,
    _TEXTS,
    st.sampled_from([[], {}, [None], [1, "a"], {"": 1}, {"x": None}, {"a": {"b": []}}]),
    st.sampled_from([30, 200, 450]).map(_deep),
)


def paths(value: Json, before: Path = ()) -> Iterator[Path]:
    """Return the paths to everything in a manifest."""
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*before, step)
        yield from paths(inner, (*before, step))


@st.composite
def changed(draw: Draw, bases: tuple[Json, ...]) -> tuple[Json, list[str]]:
    """Return one of the manifests with one to three changes, and what these are."""
    manifest = copy.deepcopy(draw(st.sampled_from(bases)))
    done = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2, 3]))):
        change = draw(st.sampled_from(_CHANGES))
        done.append(f"{change.__name__.strip('_')} {change(draw, manifest)}")
    return manifest, done


def _place(draw: Draw, manifest: Json) -> tuple[Any, str | int, str]:
    """Draw a place in the manifest: its container, its key there, and its path in words."""
    found = list(paths(manifest)) or [("kind",)]
    path = draw(st.sampled_from(found))
    return _at(manifest, path[:-1]), path[-1], ".".join(map(str, path))


def _at(manifest: Json, path: Path) -> Json:
    for step in path:
        manifest = manifest[step]
    return manifest


def _dropped(draw: Draw, manifest: Json) -> str:
    container, step, where = _place(draw, manifest)
    container.pop(step)
    return where


def _renamed(draw: Draw, manifest: Json) -> str:
    container, step, where = _place(draw, manifest)
    if isinstance(container, dict):
        how: list[Callable[[str], str]] = [
            str.upper,
            str.lower,
            str.title,
            lambda name: name[1:],
            lambda name: f"{name}s",
        ]
        container[draw(st.sampled_from(how))(str(step))] = container.pop(step)
    return where


def _doubled(draw: Draw, manifest: Json) -> str:
    container, step, where = _place(draw, manifest)
    if isinstance(container, list):
        container.append(copy.deepcopy(container[int(step)]))
    else:
        container[f"{step}Too"] = copy.deepcopy(container[step])
    return where


def _replaced(draw: Draw, manifest: Json) -> str:
    container, step, where = _place(draw, manifest)
    container[step] = copy.deepcopy(draw(_JUNK))
    return where


def _nudged(draw: Draw, manifest: Json) -> str:
    """Change a value a little, mostly to one of the same type."""
    container, step, where = _place(draw, manifest)
    value = container[step]
    if isinstance(value, bool):
        container[step] = not value
    elif isinstance(value, int):
        container[step] = draw(st.sampled_from([value + 1, value - 1, -value, value * 10, value * 1000, float(value)]))
    elif isinstance(value, str):
        other = [value + " ", value.upper(), value[:-1], value * 30, f"-{value}", f"{value}\n", value.replace(":", "")]
        container[step] = draw(st.sampled_from(other))
    elif isinstance(value, list):
        container[step] = value * draw(st.sampled_from([0, 2, 40]))
    elif isinstance(value, dict):
        container[step] = {**value, draw(st.text(max_size=8)): copy.deepcopy(draw(_JUNK))}
    return where


def _numbered(draw: Draw, manifest: Json) -> str:
    """Replace a number by another one."""
    numbers = [path for path in paths(manifest) if type(_at(manifest, path)) is int] or [("spec",)]
    path = draw(st.sampled_from(numbers))
    _at(manifest, path[:-1])[path[-1]] = draw(_NUMBERS)
    return ".".join(map(str, path))


def _grafted(draw: Draw, manifest: Json) -> str:
    """Replace a value by one that stands somewhere else in the manifest."""
    container, step, where = _place(draw, manifest)
    other = draw(st.sampled_from(list(paths(manifest)) or [()]))
    container[step] = copy.deepcopy(_at(manifest, other))
    return f"{where} from {'.'.join(map(str, other))}"


def _swapped_kind(draw: Draw, manifest: Json) -> str:
    manifest["kind"] = draw(st.sampled_from(["Hypothesis", "ProxyStudy", "proxystudy", "Job", "", None]))
    return str(manifest["kind"])


def _contradicted(draw: Draw, manifest: Json) -> str:
    """Set fields that are fine each but do not go together."""
    name, values = draw(st.sampled_from(_CONTRADICTIONS))
    spec = manifest.get("spec")
    if isinstance(spec, dict):
        for field, value in copy.deepcopy(values).items():
            spec[field] = (
                {**spec[field], **value} if isinstance(spec.get(field), dict) and isinstance(value, dict) else value
            )
    return str(name)


_CHANGES = (
    _dropped,
    _renamed,
    _doubled,
    _replaced,
    _replaced,
    _nudged,
    _nudged,
    _numbered,
    _grafted,
    _swapped_kind,
    _contradicted,
    _contradicted,
)

_CONTRADICTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("more seeds at first than at most", {"seeds": {"initial": 9, "maximum": 3}}),
    ("a proxy of more epochs", {"proxies": [{"name": "long", "epochs": 10**6}]}),
    ("a proxy of all the data with a subset", {"proxies": [{"name": "all", "epochs": 1, "subset": "EL2N"}]}),
    (
        "the hardest left out of a random subset",
        {"proxies": [{"name": "r", "dataPercent": 25, "hardestPercentLeftOut": 10}]},
    ),
    ("a subset function without Custom", {"proxies": [{"name": "f", "dataPercent": 25, "subsetEntrypoint": "a:b"}]}),
    ("Custom without a function", {"proxies": [{"name": "c", "dataPercent": 25, "subset": "Custom"}]}),
    (
        "more left out than there is",
        {"proxies": [{"name": "e", "dataPercent": 25, "subset": "EL2N", "hardestPercentLeftOut": 80}]},
    ),
    ("a proxy that is the reference", {"reference": {"epochs": 9}, "proxies": [{"name": "same", "epochs": 9}]}),
    ("two proxies that are the same", {"proxies": [{"name": "one", "epochs": 1}, {"name": "two", "epochs": 1}]}),
    ("two proxies of one name", {"proxies": [{"name": "one", "epochs": 1}, {"name": "one", "epochs": 2}]}),
    ("a proxy without a difference", {"proxies": [{"name": "nothing"}]}),
    ("a proxy called reference", {"proxies": [{"name": "reference", "epochs": 1}]}),
    ("more steps by smaller batches", {"reference": {"batchSize": 64}, "proxies": [{"name": "small", "batchSize": 8}]}),
    (
        "more data than the reference",
        {"reference": {"dataPercent": 50}, "proxies": [{"name": "more", "dataPercent": 60}]},
    ),
    ("images that the data set has not", {"reference": {"imageSize": 7}}),
    ("a baseline that is not there", {"hypotheses": {"baseline": "nobody"}}),
    ("a selector that selects nothing", {"hypotheses": {"selector": {"matchLabels": {"team": "nobody"}}}}),
    (
        "a selector of no values",
        {"hypotheses": {"selector": {"matchExpressions": [{"key": "team", "operator": "In", "values": []}]}}},
    ),
    ("a tag without a revision", {"trainer": {"image": "registry.example/trainer:1", "revision": None}}),
    ("a digest that is none", {"trainer": {"image": "registry.example/trainer@sha256:123"}}),
    ("a threshold of nothing", {"trust": {"threshold": "0"}}),
    ("a threshold of all", {"trust": {"threshold": "1.000"}}),
    ("another question", {"question": "FindBest"}),
    ("another statistic", {"trust": {"statistic": "DecisionAccuracy", "threshold": "0.4"}}),
    ("screening", {"screening": {"promote": 3}}),
    ("a data set that is not there", {"dataset": {"manifest": f"{DATA_SETS}/nowhere/manifest.json"}}),
    ("a data set that may not be read", {"dataset": {"manifest": "file:///nowhere/manifest.json"}}),
    ("a data set that is no data set", {"dataset": {"manifest": "file:///etc/hostname"}}),
    ("a data set in no bucket", {"dataset": {"manifest": "s3://no-such-bucket/manifest.json"}}),
)
