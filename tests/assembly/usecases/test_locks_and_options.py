"""Locks through every re-run, dry replays, restores, speaker maps and transcripts: on a real database, always on record."""

import pytest

from ruach_studio.assembly.dress import Extras
from ruach_studio.assembly.edl import edl_bytes
from ruach_studio.assembly.edl_wire import cut_to_wire
from ruach_studio.assembly.mapping import MicRef, Speaker, SpeakerMap
from ruach_studio.assembly.review import EditRefused, LockCut, ReAngle
from ruach_studio.assembly.store import edls
from ruach_studio.assembly.store.speakers import SpeakerMapNotFound
from ruach_studio.assembly.transcript import Segment, tidy
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.compare_edl import compare_edl
from ruach_studio.assembly.usecases.correct_sync import Correction, correct_sync
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.assembly.usecases.edit_edl import edit_edl
from ruach_studio.assembly.usecases.get_edl import get_edl, list_versions
from ruach_studio.assembly.usecases.get_speakers import get_speakers
from ruach_studio.assembly.usecases.get_transcript import get_transcript
from ruach_studio.assembly.usecases.preview_edl import preview_edl
from ruach_studio.assembly.usecases.propose_speakers import propose_speakers
from ruach_studio.assembly.usecases.recompute_decisions import recompute_decisions
from ruach_studio.assembly.usecases.replay_assembly import replay_assembly
from ruach_studio.assembly.usecases.request_assembly import request_assembly
from ruach_studio.assembly.usecases.restore_edl import restore_edl
from ruach_studio.assembly.usecases.set_speakers import SpeakersConflict, set_speakers
from ruach_studio.assembly.usecases.set_transcript import TranscriptConflict, set_transcript
from ruach_studio.infra.audit import list_decisions, list_transitions
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import canonical_json

ACTOR = "session:tester"


async def lock_one(services, session_id, at):
    """Show the wide in cut `at` and lock it; return version 2."""
    first = (await get_edl(services, session_id)).edl
    cut = first.program[at]
    return await edit_edl(services, session_id, [ReAngle(cut.id, "W"), LockCut(cut.id)], base_version=1, actor=ACTOR)


def wire_of(edl):
    return {cut.id: canonical_json(cut_to_wire(cut, edl.fps)) for cut in edl.program}


async def test_a_locked_cut_survives_another_sync_another_ruleset_and_a_replay(services, drafted):
    edited = await lock_one(services, drafted, 2)
    held = edited.program[2]
    shown = await preview_edl(services, drafted, DraftOptions(ruleset="angle-v1"), actor=ACTOR)
    kept = await preview_edl(services, drafted, DraftOptions(ruleset="angle-v1"), actor=ACTOR, keep=True)
    assert edl_bytes(kept) == edl_bytes(shown)
    assert (held in kept.program, kept.rules_version, kept.source, kept.parent_version) == (True, "angle-v1", "hybrid", 2)
    replayed = (await replay_assembly(services, drafted, from_ms=0, to_ms=kept.duration_ms, reason="all", actor=ACTOR)).edl
    assert (held in replayed.program, replayed.rules_version) == (True, "angle-v2")
    await correct_sync(services, drafted, [Correction("B", 1250.0)], base_version=1, actor=ACTOR)
    made = await assemble(services, drafted, actor=ACTOR)
    assert (made.edl.sync_version, held in made.edl.program, made.edl.version) == (2, True, 5)
    async with services.database.connection() as conn:
        told = [
            d["result"] for cut in made.edl.program for d in await list_decisions(conn, subject=f"cut:{cut.id}", limit=1)
        ]
    assert await recompute_decisions(services, told) == []


async def test_a_dry_replay_writes_nothing_and_a_real_one_touches_only_its_range(services, drafted):
    base = await lock_one(services, drafted, 4)
    span = {"from_ms": 0, "to_ms": 9000, "reason": "look", "actor": ACTOR}
    dry = await replay_assembly(services, drafted, **span, dry_run=True)
    assert [row.version for row in await list_versions(services, drafted)] == [2, 1]
    real = await replay_assembly(services, drafted, **span)
    assert edl_bytes(real.edl) == edl_bytes(dry.edl)
    after, end = wire_of(real.edl), base.fps.frame_at_ms(9000)
    outside = [cut for cut in base.program if cut.start_frame >= end or cut.locked]
    assert len(outside) >= 2
    assert all(after[cut.id] == wire_of(base)[cut.id] for cut in outside)
    [told] = real.edl.options["replayed"]
    assert (told["fromFrame"], told["toFrame"]) == (0, end)


async def test_an_earlier_version_comes_back_as_a_new_one(services, drafted):
    edited = await lock_one(services, drafted, 1)
    restored = await restore_edl(services, drafted, 1, base_version=2, actor=ACTOR)
    async with services.database.connection() as conn:
        first = await edls.get(conn, drafted, 1)
    assert (restored.program, restored.version) == (first.program, 3)
    found = await compare_edl(services, drafted, 2, 3)
    assert [each.cut.id for each in found.changed] == [edited.program[1].id]
    with pytest.raises(EditRefused, match="very same cuts"):
        await restore_edl(services, drafted, 1, base_version=3, actor=ACTOR)


def shown_at(edl, frame):
    return next(cut.camera for cut in edl.program if cut.end_frame_exclusive > frame)


def people(*pairs):
    return SpeakerMap(tuple(Speaker(mic.lower(), f"Speaker {mic}", (MicRef(mic),), (shown,)) for mic, shown in pairs))


async def test_a_speaker_map_is_versioned_audited_and_obeyed(services, drafted):
    plain = await get_speakers(services, drafted)
    assert (plain.saved, [each.cameras for each in plain.speakers.speakers]) == (None, [("A",), ("B",)])
    swapped = people(("A", "B"), ("B", "A"))
    row = await set_speakers(services, drafted, swapped, base_version=0, actor=ACTOR, notes="they sit across")
    assert (row.version, (await get_speakers(services, drafted)).speakers) == (1, swapped)
    with pytest.raises(SpeakersConflict) as caught:
        await set_speakers(services, drafted, swapped, base_version=0, actor=ACTOR)
    assert caught.value.details == {"base_version": 0, "current_version": 1}
    with pytest.raises(BadInput, match="not in the session"):
        await set_speakers(services, drafted, people(("Q", "A")), base_version=1, actor=ACTOR)
    with pytest.raises(SpeakerMapNotFound):
        await get_speakers(services, drafted, 7)
    before = (await get_edl(services, drafted)).edl
    after = await preview_edl(services, drafted, DraftOptions(), actor=ACTOR, keep=True)
    other = {"A": "B", "B": "A", "W": "W"}
    frames = range(250, before.duration_frames, 10)
    both = [(shown_at(before, frame), shown_at(after, frame)) for frame in frames]
    assert sum(b == other[a] for a, b in both) >= 0.9 * len(both)
    assert (after.options["speakersVersion"], after.options["micMap"]) == (1, {"A": "B", "B": "A"})
    assert (await preview_edl(services, drafted, DraftOptions(mic_map={"A": "A", "B": "B"}), actor=ACTOR)).options[
        "micMap"
    ] == {"A": "A", "B": "B"}
    async with services.database.connection() as conn:
        [move] = await list_transitions(conn, entity="speakers", entity_id=drafted)
        told = [d["result"] for cut in after.program for d in await list_decisions(conn, subject=f"cut:{cut.id}", limit=1)]
    assert (move["from"], move["to"], move["reason"]) == (None, "1", "they sit across")
    assert await recompute_decisions(services, told) == []


async def test_the_microphones_propose_a_map_with_evidence(services, drafted):
    proposal = await propose_speakers(services, drafted)
    assert {each.mics[0].column: each.cameras for each in proposal.speakers.speakers} == {"A": ("A",), "B": ("B",)}
    assert all(each.words and each.leads_s > 2.0 for each in proposal.evidence)
    assert (await get_speakers(services, drafted)).saved is None


async def test_what_is_missing_is_said_before_a_job_is_made(services, synced):
    with pytest.raises(BadInput, match="no transcript to cut by"):
        await request_assembly(services, synced, options={"mode": "transcript"}, actor=ACTOR)


async def test_a_transcript_with_speakers_decides_and_can_be_decided_again(services, drafted):
    wanted = DraftOptions(mode="transcript", extras=Extras(chapters=True))
    with pytest.raises(BadInput, match="no transcript to cut by"):
        await preview_edl(services, drafted, wanted, actor=ACTOR)
    said = tidy([Segment(500, 5500, "Peace be with you all.", "Ann", 0.9), Segment(6000, 12000, "And also.", "Ben", 0.7)])
    row = await set_transcript(services, drafted, said, base_version=0, actor=ACTOR)
    with pytest.raises(TranscriptConflict):
        await set_transcript(services, drafted, said, base_version=0, actor=ACTOR)
    shown = await get_transcript(services, drafted)
    assert (row.version, tuple(each.segment for each in shown.segments)) == (1, said.segments)
    seats = SpeakerMap((Speaker("a", "Ann", (MicRef("A"),), ("B",)), Speaker("b", "Ben", (MicRef("B"),), ("A",))))
    await set_speakers(services, drafted, seats, base_version=0, actor=ACTOR)
    made = await preview_edl(services, drafted, wanted, actor=ACTOR, keep=True)
    assert [(cut.camera, cut.start_frame) for cut in made.program] == [("B", 0), ("A", 150), ("W", 300)]
    assert (made.rules_version, made.options["mode"], made.options["transcriptVersion"]) == (
        "transcript-v1",
        "transcript",
        1,
    )
    assert [chapter["title"] for chapter in made.chapters] == ["Peace be with you all"]
    async with services.database.connection() as conn:
        told = [d["result"] for cut in made.program for d in await list_decisions(conn, subject=f"cut:{cut.id}", limit=1)]
    assert len(told) == 3
    assert await recompute_decisions(services, told) == []
    assert len(await recompute_decisions(services, [{**told[0], "decision": "A"}])) == 1
