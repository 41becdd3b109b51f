"""Finds out what a tree of image files means: which folders are parts, and which are classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from assay_trainer.described import printable
from assay_trainer.nearest import did_you_mean
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, Part, part_of
from assay_trainer.shards.sources.tree import Parts, Tree

WRAPPERS = {"data", "dataset", "images", "image", "imgs", "img", "jpegimages", "photos", "pictures"}
"""Names of a folder that holds the class folders, beside other folders without images."""


class NoClassFolders(InvalidSource):
    """There are fewer than two class folders; the data may be in another format."""


@dataclass(frozen=True)
class Layout:
    """The files with the class and the part of each: training files first, then by class, then by name."""

    classes: tuple[str, ...]
    files: Sequence[Parts]
    labels: Sequence[int]
    held_out: Sequence[bool] | None
    """Whether each file is held out; None if the folder has no split of its own."""


def lay_out(tree: Tree, findings: Findings, hold_out: Part | None = None) -> Layout:
    """Return the classes and parts of a tree; `hold_out` is the part to hold out of several.

    The findings say what it leaves out, and how it understood the rest. Raises InvalidSource, or its subclass
    NoClassFolders.
    """
    index = _Index(tree)
    top: Parts = ()
    while True:
        parts = _split(index, top, findings, hold_out)
        if parts is not None:
            return _labelled(index, [_wrapped(index, part) or part for part in parts], findings)
        inner = _wrapped(index, top)
        if inner is None:
            return _labelled(index, [top], findings)
        _leave_out_beside(index, top, [inner], findings)
        findings.notes.append(f"the classes are the folders of {_shown(inner)}")
        top = inner


@dataclass
class _Index:
    """A tree, by folder."""

    tree: Tree
    direct: Mapping[Parts, Sequence[Parts]] = field(init=False)
    below: Counter[Parts] = field(init=False)
    children: Mapping[Parts, Sequence[str]] = field(init=False)

    def __post_init__(self) -> None:
        direct: dict[Parts, list[Parts]] = defaultdict(list)
        below: Counter[Parts] = Counter()
        children: dict[Parts, list[str]] = defaultdict(list)
        for path in self.tree.images:
            direct[path[:-1]].append(path)
        for folder, paths in direct.items():
            for depth in range(len(folder) + 1):
                below[folder[:depth]] += len(paths)
        for folder in sorted(self.tree.folders):
            children[folder[:-1]].append(folder[-1])
        self.direct, self.below, self.children = direct, below, children

    def has_class_folders(self, folder: Parts) -> bool:
        return any(self.below[(*folder, child)] for child in self.children.get(folder, ()))

    def images_below(self, folder: Parts) -> list[Parts]:
        """Return the images below a folder, in the order of their paths."""
        found = list(self.direct.get(folder, ()))
        for child in self.children.get(folder, ()):
            found += self.images_below((*folder, child))
        return sorted(found)


def _split(index: _Index, top: Parts, findings: Findings, hold_out: Part | None) -> list[Parts] | None:
    """Return the training folder and the held-out one, if the folders are parts of a data set."""
    by_part: dict[Part, list[str]] = defaultdict(list)
    others: list[str] = []
    for name in index.children.get(top, ()):
        part = part_of(name)
        (by_part[part] if part else others).append(name)
    held = [part for part in HELD_OUT_ORDER if by_part[part]]
    named = [name for part in Part for name in by_part[part]]
    labelled = {name for name in named if index.has_class_folders((*top, name))}
    if not held or (not labelled and any(index.direct.get((*top, name)) for name in others)):
        return None  # a class may be called `train`
    if not labelled and index.below[top] == 0:
        return None
    for part in Part:
        if len(by_part[part]) > 1:
            raise InvalidSource(f"{_listed(top, by_part[part])} are all named as the {part} part; expected one")
    if not labelled:
        raise NoClassFolders(
            f"{_listed(top, named)} have images and no class folders: nothing says of which class an image is; "
            f"expected {_shown((*top, named[0]))}/<class>/<image>"
        )
    if not by_part[Part.TRAIN] or by_part[Part.TRAIN][0] not in labelled:
        raise InvalidSource(f"no class folders to train on beside {_listed(top, [*named])}; expected a folder `train`")
    train = (*top, by_part[Part.TRAIN][0])
    usable = {part: (*top, by_part[part][0]) for part in held if by_part[part][0] in labelled}
    for part in held:
        folder = (*top, by_part[part][0])
        if not index.below[folder]:
            raise InvalidSource(
                f"{_shown(folder)}: no images; expected class folders as in {_shown(train)}, or no folder"
            )
    if hold_out is not None and hold_out not in usable:
        given = ", ".join(usable) or "none"
        raise InvalidSource(f"no part `{hold_out}` with class folders to hold out; the folder has {given}")
    chosen = hold_out or next(iter(usable), None)
    parts = [train] if chosen is None else [train, usable[chosen]]
    _leave_out_beside(index, top, parts, findings)
    if len(usable) > 1 and chosen is not None:
        other = next(part for part in usable if part is not chosen)
        findings.notes.append(
            f"of the two parts beside the training part, `{parts[1][-1]}` is held out (--hold-out {other} holds out "
            f"`{usable[other][-1]}` instead)"
        )
    return parts


def _wrapped(index: _Index, top: Parts) -> Parts | None:
    """Return the one folder that holds the class folders."""
    if index.direct.get(top):
        return None
    names = index.children.get(top, ())
    filled = [name for name in names if index.below[(*top, name)]]
    if len(filled) != 1:
        return None
    name = filled[0]
    alone = len(names) == 1 or name.casefold() in WRAPPERS or part_of(name) is Part.TRAIN
    inner = (*top, name)
    return inner if alone and not index.direct.get(inner) and index.has_class_folders(inner) else None


def _leave_out_beside(index: _Index, top: Parts, used: Iterable[Parts], findings: Findings) -> None:
    used = set(used)
    for path in index.direct.get(top, ()):
        findings.leave_out("images outside the class folders", "/".join(path))
    for name in index.children.get(top, ()):
        folder = (*top, name)
        if folder not in used and index.below[folder]:
            kind = "part" if part_of(name) else "folder"
            findings.leave_out(f"images of the {kind} `{printable(name)}`", _first(index, folder), index.below[folder])


def _labelled(index: _Index, parts: list[Parts], findings: Findings) -> Layout:
    names = {part: index.children.get(part, ()) for part in parts}
    classes = sorted({name for each in names.values() for name in each})
    filled = [name for name in classes if any(index.below[(*part, name)] for part in parts)]
    if len(filled) < 2:
        raise NoClassFolders(_too_few(index, parts[0], filled))
    for name in classes:
        if not name.isprintable():
            raise InvalidSource(f"class folder {name!r}: a name that can't be printed; expected one of UTF-8")
    files: list[Parts] = []
    labels: list[int] = []
    held_out: list[bool] = []
    deeper: list[Parts] = []
    for part in parts:
        for path in index.direct.get(part, ()):
            findings.leave_out("images outside the class folders", "/".join(path))
        for label, name in enumerate(classes):
            folder = (*part, name)
            images = _images_of(index, parts, folder)
            deeper += [path for path in images if len(path) > len(folder) + 1]
            files += images
            labels += [label] * len(images)
            held_out += [part is not parts[0]] * len(images)
    if deeper:
        findings.notes.append(
            f"{len(deeper):,} images lie in folders below their class folder, such as {_shown(deeper[0])}, and count "
            "to that class"
        )
    for alike in _alike(classes):
        how = "capital letters" if len({name.casefold() for name in alike}) == 1 else "how their letters are encoded"
        findings.notes.append(f"the classes {' and '.join(alike)} differ by {how} alone")
    return Layout(tuple(classes), files, labels, held_out if len(parts) == 2 else None)


def _images_of(index: _Index, parts: list[Parts], folder: Parts) -> list[Parts]:
    name = folder[-1]
    if folder not in index.tree.folders:
        other = next(part for part in parts if (*part, name) in index.tree.folders)
        near = did_you_mean(name, index.children.get(folder[:-1], ()))
        raise InvalidSource(
            f"{_shown(folder)}: no such class folder, where {_shown((*other, name))} has one; "
            f"expected the same classes in both parts{near}"
        )
    images = index.images_below(folder)
    if not images:
        raise InvalidSource(f"{_shown(folder)}: no images; expected some, or no such folder beside the class folders")
    inner = {part_of(child) for child in index.children.get(folder, ())}
    if Part.TRAIN in inner and inner & set(HELD_OUT_ORDER):
        raise InvalidSource(
            f"{_shown(folder)}: has parts within the class ({', '.join(index.children[folder])}); expected them above "
            f"the classes: train/{printable(name)}, test/{printable(name)}"
        )
    return images


def _alike(classes: Iterable[str]) -> list[list[str]]:
    by_folded: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        by_folded[normalize("NFKC", name).casefold()].append(name)
    return [names for names in by_folded.values() if len(names) > 1]


def _too_few(index: _Index, folder: Parts, classes: list[str]) -> str:
    given = f" ({printable(classes[0])})" if classes else ""
    flat = len(index.direct.get(folder, ()))
    lying = f", and {flat:,} images in no class folder" if flat else ""
    return f"{len(classes)} class folders with images{given}{lying}; expected two or more"


def _first(index: _Index, folder: Parts) -> str:
    return "/".join(next(iter(index.images_below(folder)), folder))


def _shown(path: Parts) -> str:
    return printable("/".join(path))


def _listed(top: Parts, names: Iterable[str]) -> str:
    return ", ".join(_shown((*top, name)) for name in names)
