"""Runs work items in child processes: for a pod, for the local runner, and with several ranks each."""
