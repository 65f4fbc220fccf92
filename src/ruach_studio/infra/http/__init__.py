"""Turn a FastAPI application into one that answers errors, ids, streams and health in one way."""
