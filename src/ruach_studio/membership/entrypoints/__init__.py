"""How the outside reaches membership: Stripe's webhook and two routes. Translation and nothing else."""
