"""One verb, one file: load, decide, save, announce, in one transaction."""
