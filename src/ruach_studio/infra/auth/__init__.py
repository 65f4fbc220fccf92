"""Turn a cookie or a token into a Principal, and a route into one that says who may use it."""
