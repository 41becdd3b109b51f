"""The code of a train function: where it is found, how it is loaded, what it declares, and its digest."""
