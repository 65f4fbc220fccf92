"""How the outside reaches render: HTTP routes, queue handlers, events. Translation and nothing else."""
