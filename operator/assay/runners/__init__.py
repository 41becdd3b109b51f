"""Observing, starting and stopping trials: as Kubernetes Jobs, as local processes, in a replay of a table.

What ties a runner to the planner is in `assay.rounds`.
"""
