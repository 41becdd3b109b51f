"""Where a trial's time goes: phases, device utilisation, peak memory."""
