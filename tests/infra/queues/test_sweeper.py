"""The sweep lets every pillar mend its own rows."""

from ruach_studio.infra.context import current
from ruach_studio.infra.queues import HandlerHooks
from ruach_studio.infra.queues.sweeper import Sweeper


async def test_the_sweep_calls_each_pillars_mending_and_outlives_a_broken_one(database, queue, request_ids):
    called = []

    async def broken():
        called.append("broken")
        raise KeyError("a fault of one pillar")

    async def mend():
        called.append(current().correlation_id)

    async def elsewhere():
        called.append("elsewhere")

    hooks = {
        ("render-jobs", "a"): HandlerHooks(on_sweep=broken),
        ("render-jobs", "b"): HandlerHooks(on_sweep=mend),
        ("assembly-jobs", "c"): HandlerHooks(on_sweep=elsewhere),
    }
    assert await Sweeper(database, queue, hooks, ["render-jobs"]).sweep() == 0
    assert called[0] == "broken"
    assert len(called) == 2  # the queue that this worker does not serve is another's
    assert called[1] is not None
