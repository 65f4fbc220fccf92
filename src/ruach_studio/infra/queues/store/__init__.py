"""The SQL of the queues: our execution and dead-letter rows, and the calls into BullMQ's own functions."""
