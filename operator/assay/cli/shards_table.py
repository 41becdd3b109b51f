"""What is in a data set, as text for a terminal and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay_trainer.shards import FoundDataset

_MOST_NAMES = 10


def dataset_table(found: FoundDataset) -> str:
    """Return the fields and the files of a data set as two tables."""
    described = dataset_summary(found)
    head = [
        f"{described['manifest']}: {_printable(described['name'])} (version {described['version']})",
        f"digest   {described['digest']}",
    ]
    if described["content"]:
        head.append(f"content  {described['content']}")
    fields = [("FIELD", "KIND", "HOLDS")]
    fields += [(_printable(name), each["kind"], _holds(each)) for name, each in described["fields"].items()]
    rows: list[tuple[str, ...]] = [("SPLIT", "EXAMPLES", "GROUP", "FILES", "BLOCKS", "BYTES")]
    for each in found.files:
        numbers = described["examples"][each.split], each.files, each.blocks, each.bytes
        examples, *others = (f"{number:,}" for number in numbers)
        rows.append((each.split, examples, each.group, *others))
    return "\n".join([*head, "", *_aligned(fields), "", *_aligned(rows)])


def dataset_summary(found: FoundDataset) -> dict[str, Any]:
    """Return what is in a data set as plain data."""
    manifest = found.manifest
    splits = {"train": manifest.train, "held_out": manifest.held_out}
    fields = getattr(manifest, "fields", None)
    described = (
        {name: each.model_dump(mode="json") for name, each in fields.items()}
        if fields is not None
        else {
            "image": {
                "kind": "image",
                "channels": getattr(manifest, "channels", None),
                "encoding": "uint8",
                "sizes": sorted(manifest.train.sizes, reverse=True),
            },
            "label": {"kind": "class", "type": "int64", "names": list(manifest.classes)},
        }
    )
    return {
        "manifest": found.uri,
        "digest": found.digest,
        "content": getattr(manifest, "content", None),
        "version": manifest.version,
        "name": manifest.name,
        "fields": described,
        "examples": {name: each.examples for name, each in splits.items()},
        "classCounts": {
            name: {field: list(counts) for field, counts in getattr(each, "class_counts", {}).items()}
            for name, each in splits.items()
        },
        "files": [asdict(each) for each in found.files],
    }


def _holds(field: dict[str, Any]) -> str:
    if field["kind"] == "image":
        colours = "grey" if field["channels"] == 1 else "RGB"
        return f"{colours}, {field['encoding']}, sizes {', '.join(map(str, field['sizes']))}"
    if names := field.get("names"):
        more = ", …" if len(names) > _MOST_NAMES else ""
        return f"{len(names)}: {', '.join(_printable(name) for name in names[:_MOST_NAMES])}{more}"
    if field.get("type") is None:
        return ""
    shape = field.get("shape")
    extent = " of any length" if shape is None else f" {'x'.join(map(str, shape))}" if shape else ""
    return f"{field['type']}{extent}"


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
