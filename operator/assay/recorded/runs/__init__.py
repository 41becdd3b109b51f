"""From rows whose columns have meanings to runs: one per hypothesis, arm and seed."""
