"""Turn the depth of the queues into levels that are kept and announced, and an operator's word into work that goes on."""
