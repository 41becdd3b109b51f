"""What a team's code may do to a runner."""
