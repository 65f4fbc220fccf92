"""Keep the garbage collector away from what lives as long as the process does.

A full collection walks every module, route and graph again, 20 to 50 ms in which no request is answered, and finds nothing
there. What is frozen is still freed when nothing refers to it any more; only a ring of references would stay.
"""

import gc


def settle() -> None:
    """Collect what is garbage now, and let no later collection look at what is left. For a start, or a graph just read."""
    gc.collect()
    gc.freeze()
