"""What the operator remembers between reconciles. All of it may be lost at any time."""
