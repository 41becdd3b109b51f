"""What trials that do not run yet wait for, and what a study says of it."""
