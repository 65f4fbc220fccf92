"""Hold the spoken dialogue of the demo talk: one Opus file a speaker, `script.json`, and the licence note of the voices."""
