"""What stands when a service has started is no longer walked by the collector, and is freed all the same."""

import gc
import weakref

from ruach_studio.infra.collector import settle


class Thing:
    """Something that can be referred to weakly."""


def test_what_stood_is_left_alone_and_still_freed():
    thing, ring = Thing(), Thing()
    ring.itself = ring
    standing, garbage = weakref.ref(thing), weakref.ref(ring)
    del ring
    try:
        settle()
        assert garbage() is None  # a ring would otherwise stay for ever
        assert gc.get_freeze_count() > 1000
        assert not any(each is thing for each in gc.get_objects())
        assert any(each is made for made in [Thing()] for each in gc.get_objects())
        del thing
        assert standing() is None
    finally:
        gc.unfreeze()
