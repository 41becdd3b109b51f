"""Deciding what to run next and what may be said: plan(study, records, now) -> Plan. Pure."""
