"""The package as others install it: the core alone, then with what the demo needs."""
