"""ImageNet's held-out images, which lie in one folder: a list beside them says of which class each is."""

from __future__ import annotations

import csv
from pathlib import Path, PurePath

from assay_trainer.described import bounded, printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.layout import WRAPPERS
from assay_trainer.shards.sources.parts import Part, part_of
from assay_trainer.shards.sources.tree import Parts, Tree

_LISTS = ("loc_val_solution.csv", "val_annotations.txt")
"""What Kaggle's ImageNet and Tiny ImageNet call the list."""

_MOST_BYTES = 64 << 20


def sorted_by_list(root: Path, tree: Tree, findings: Findings) -> dict[Parts, Parts]:
    """Move images of a validation part without class folders, in the tree, into class folders as a list says.

    Returns the real path of each image that was moved, by the path it has in the tree from here on. Raises
    InvalidSource for a list that can't be read.
    """
    moved: dict[Parts, Parts] = {}
    for found in [path for path in tree.others if path[-1].casefold() in _LISTS]:
        class_of = _read(root.joinpath(*found))
        for path in tree.images:
            name = path[-1]
            class_name = class_of.get(name) or class_of.get(PurePath(name).stem)
            depth = next((at for at, part in enumerate(path[:-1]) if part_of(part) is Part.VALIDATION), None)
            if class_name is not None and depth is not None and class_name not in path:
                moved[(*path[: depth + 1], class_name, name)] = path
        if moved:
            said = printable("/".join(found))
            findings.notes.append(f"{len(moved):,} images are of the classes that {said} says")
            moved |= _without_wrappers(tree)
            break
    if moved:
        left = set(tree.images) - set(moved.values())
        emptied = {path[:-1] for path in moved.values()} - {path[:-1] for path in left}
        tree.images[:] = sorted([*left, *moved])
        tree.folders -= {folder for folder in emptied if part_of(folder[-1]) is None}
        tree.folders |= {path[:-1] for path in moved}
    return moved


def _without_wrappers(tree: Tree) -> dict[Parts, Parts]:
    """Return the images of `test/images`, which has no classes, as if they lay in `test`."""
    return {
        (*path[:-2], path[-1]): path
        for path in tree.images
        if len(path) > 2 and path[-2].casefold() in WRAPPERS and part_of(path[-3]) is Part.TEST
    }


def _read(path: Path) -> dict[str, str]:
    """Return the class of each image, by the name of its file or what is before the suffix: the first two columns, of
    which the second may go on with boxes."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InvalidSource(f"{path}: more than {_MOST_BYTES} bytes; expected a line to an image")
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file, delimiter="," if path.suffix.lower() == ".csv" else "\t")
            found = {row[0]: row[1].split()[0] for row in rows if len(row) > 1 and row[1].split()}
    except (OSError, ValueError, csv.Error) as error:
        raise InvalidSource(f"{path}: can't be read: {bounded(str(error), 200)}") from None
    unsafe = [each for each in found.values() if "/" in each or each in (".", "..") or not each.isprintable()]
    if unsafe:
        raise InvalidSource(f"{path}: a class called {printable(unsafe[0])}; expected the name of a class folder")
    return found
