"""Observing, starting and stopping trials, and the round that ties a runner to the planner."""
