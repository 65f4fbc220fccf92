"""The composition root: wiring, API, worker, relay, command line. The only floor that sees every pillar."""
