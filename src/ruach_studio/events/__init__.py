"""The pillars' only common words: frozen, versioned integration events."""
