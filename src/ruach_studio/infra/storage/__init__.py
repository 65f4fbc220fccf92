"""Turn a finished file into a stored object with an address."""
