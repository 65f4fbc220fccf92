"""Turn what the service does into what can be watched from outside: metrics, spans, the record of who asked for what."""
