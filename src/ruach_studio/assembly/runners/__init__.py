"""What speaks to programs that are slow and optional. Only `app` opens these."""
