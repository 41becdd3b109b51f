"""What is wrong with a subset."""

from __future__ import annotations


class SubsetUnusable(Exception):
    """The arm's subset can't be had: the train function does not ask for what it needs, or what a subset function
    returned can't be used."""
