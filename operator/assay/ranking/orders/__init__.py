"""Orders of hypotheses by their scores as measured, and how alike two of them are. Nothing here asks what is behind the
noise."""
