"""What the orders of the true scores may be, given noisy ones: estimands, noise, correlation, and draws of what could
be true. Nothing here decides."""
