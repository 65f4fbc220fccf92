"""Turn one request into its whole course: load, decide, do, save, announce. One verb, one module."""
