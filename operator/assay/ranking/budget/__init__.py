"""What scores at lower fidelities say of scores at the reference, where a budget does not pay for all: estimates, and
price curves. What to buy next is decided in `planning.allocation`."""
