"""One verb, one file: load, decide, save and announce in one transaction."""
