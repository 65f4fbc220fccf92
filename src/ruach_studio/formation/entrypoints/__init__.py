"""How the outside reaches formation: routes, queue handlers, events, recovery commands. Translation, nothing else."""
