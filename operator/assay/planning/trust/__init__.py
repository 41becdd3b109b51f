"""Whether a proxy may be believed, and what follows: looks, certificates in force, screening, audits. The statistics
behind them live in `assay.ranking`."""
