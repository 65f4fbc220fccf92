"""The order of things: load, decide, save, announce. One verb, one file."""
