"""What a trusted proxy says of hypotheses that ran on it alone: whom to promote, what they are expected to score, and
the audits that hold it to its promise. Who is drawn for an audit is decided in `planning.trust`."""
