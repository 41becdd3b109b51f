"""Whether a proxy may be believed, and what follows: looks, certificates in force, screening, audits. The statistics
are in `assay.ranking`, and which trials follow is decided in `planning.allocation`."""
