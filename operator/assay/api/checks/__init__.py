"""What a schema can't say of a study and its hypotheses. What an installation allows is in `assay.api.policy`."""
