"""What runs next: which trials can still decide something, which of them the budget pays for, and who gets what is
free. Nothing here judges a proxy."""
