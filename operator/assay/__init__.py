"""Assay: which cheap comparison of hypotheses ranks them as the full run does."""

__version__ = "0.1.0"
