"""Ruach Studio: raw multicam footage in; synced, assembled, rendered and published artifacts out."""

__version__ = "0.1.0"
