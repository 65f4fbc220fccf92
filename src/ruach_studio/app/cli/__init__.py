"""The command `ruach`: the same use cases as the service, for a person at a terminal."""
