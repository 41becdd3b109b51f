"""Train functions that do to a runner whatever a team's code may do."""
