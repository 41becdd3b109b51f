"""What users see of a reconcile: the study's status, events, verdicts of hypotheses, reports.

Nothing is decided here.
"""
