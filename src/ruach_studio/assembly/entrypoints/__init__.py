"""Translate HTTP and queue jobs into use cases, and nothing else. Only the composition root imports from here."""
