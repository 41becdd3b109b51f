"""The examples on other data than images, run as they are."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from builders.toy_project import command, environment
