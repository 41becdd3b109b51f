"""What scores at lower fidelities say of scores at the reference, where a budget does not pay for all of them:
estimates and price curves."""
