"""Write the vectors of this folder anew: `python tests/golden/edits/make.py`. Look at the difference before committing it.

Each file: `edl` (whole, wire form), `edits` (wire form), then either `program` (the cuts after), `omitted` (if it changes),
`source`, `status` and `inverse` (edits that give the old cuts back), or `refused` (code and subject). The editor's own tests
read the same files.
"""

import json
from dataclasses import replace
from pathlib import Path

from ruach_studio.assembly.edit_wire import edit_from_wire, edit_to_wire
from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source, to_wire
from ruach_studio.assembly.review import apply_edits, invert_all
from ruach_studio.kernel.errors import RuachError
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.timebase import FrameRate

HERE = Path(__file__).parent
NTSC = FrameRate.parse("30000/1001")


def base(status="draft", locked=()):
    """Return five cuts over 900 frames at 29.97: A, B, W, B, A; W starts to record at 5 s."""
    edges = [(0, "A", 0.95), (210, "B", 0.9), (447, "W", 0.72), (600, "B", 0.41), (750, "A", 0.8), (900, "", 0.0)]
    cuts = tuple(
        Cut(uuid5(f"golden:angle-v2:{start}"), start, edges[i + 1][0], camera, "wide" if camera == "W" else "speaker",
            confidence, (f"8.2 dB lead at frame {start}",), locked=i in locked)
        for i, (start, camera, confidence) in enumerate(edges[:-1])
    )  # fmt: skip
    sources = {}
    for name, offset in (("A", 0.0), ("B", -1200.5), ("W", 5000.0)):
        clip = ClipSource(f"/m/{name}.mp4", offset, 0.0, 40_000.0, NTSC, 1280, 720, True, 0.0)
        sources[name] = Source(uuid5(f"golden:{name}"), "wide" if name == "W" else "camera", offset, 0.0, 0.9, (clip,))
    return CanonicalEDL("golden", "A", NTSC, 900, cuts, sources, "angle-v2", 1, version=1, status=status)


def vectors():
    """Return name -> (EDL, edits in wire form)."""
    edl = base()
    ids = [cut.id for cut in edl.program]
    one = {
        "split": {"op": "split", "cutId": ids[1], "frame": 300},
        "trim": {"op": "trim", "cutId": ids[1], "startFrame": 190},
        "ripple": {"op": "ripple", "cutId": ids[1], "byFrames": -3},
        "re-angle": {"op": "reAngle", "cutId": ids[1], "camera": "A"},
        "join": {"op": "join", "cutId": ids[2]},
        "move": {"op": "move", "cutId": ids[2], "startFrame": 460},
        "note": {"op": "note", "cutId": ids[3], "note": "check her hands"},
        "approve": {"op": "approve", "cutId": ids[0], "approved": True},
        "lock": {"op": "lock", "cutId": ids[2], "locked": True},
        "l-cut": {"op": "pictureOffset", "cutId": ids[1], "frames": -8},
        "j-cut": {"op": "pictureOffset", "cutId": ids[4], "frames": 12},
        "refused-camera": {"op": "reAngle", "cutId": ids[0], "camera": "Q"},
        "refused-same-camera": {"op": "reAngle", "cutId": ids[0], "camera": "A"},
        "refused-swallow": {"op": "trim", "cutId": ids[1], "startFrame": 0},
        "refused-first": {"op": "join", "cutId": ids[0]},
        "refused-unknown": {"op": "join", "cutId": "nothing"},
    }
    made = {name: (edl, [edit]) for name, edit in one.items()}
    cut_short = replace(edl, omitted=tuple(
        {"startFrame": low, "endFrameExclusive": high, "startMs": NTSC.milliseconds(low), "endMs": NTSC.milliseconds(high),
         "reason": "silence of 3.0 s"} for low, high in ((100, 160), (430, 470))
    ))  # fmt: skip
    omit = {"op": "omit", "startFrame": 700, "endFrameExclusive": 760, "reason": "the operator left it out"}
    made["omit"] = (cut_short, [omit])
    made["keep"] = (cut_short, [{"op": "keep", "startFrame": 430}])
    made["refused-omit-overlaps"] = (cut_short, [omit | {"startFrame": 150}])
    made["refused-omit-everything"] = (edl, [omit | {"startFrame": 0, "endFrameExclusive": 900}])
    made["refused-keep-unknown"] = (cut_short, [{"op": "keep", "startFrame": 101}])
    held = base(locked=(2,))
    made["unlock"] = (held, [{"op": "lock", "cutId": ids[2], "locked": False}])
    made["ripple-stops-at-a-lock"] = (held, [{"op": "ripple", "cutId": ids[1], "byFrames": 5}])
    for name in ("join", "move", "re-angle"):
        edit = one[name] | ({"camera": "B", "cutId": ids[2]} if name == "re-angle" else {})
        made[f"refused-locked-{name}"] = (held, [edit])
    made["refused-locked-neighbour"] = (held, [{"op": "trim", "cutId": ids[3], "startFrame": 610}])
    made["approved-becomes-draft"] = (base("approved"), [one["trim"]])
    made["a-note-keeps-the-approval"] = (base("approved"), [one["note"]])
    made["refused-edl-locked"] = (base("locked"), [one["note"]])
    made["refused-not-recording"] = (
        edl, [{"op": "split", "cutId": ids[0], "frame": 100}, {"op": "reAngle", "cutId": ids[0], "camera": "W"}],
    )  # fmt: skip
    made["several"] = (
        edl,
        [one["split"], one["lock"], {"op": "trim", "cutId": ids[1], "startFrame": 200}, one["approve"], one["note"],
         {"op": "ripple", "cutId": ids[4], "byFrames": 10}],
    )  # fmt: skip
    return made


def expected(edl, edits):
    """Return what the rules make of it, in wire form."""
    values = [edit_from_wire(edit, edl.fps) for edit in edits]
    try:
        after = apply_edits(edl, values, version=2)
    except RuachError as error:
        return {"refused": {"code": error.code, "subject": error.subject}}
    wire = to_wire(after)
    inverse = [edit_to_wire(edit, edl.fps) for edit in invert_all(replace(edl, status="draft"), values)]
    told = {"program": wire["tracks"]["program"], "source": after.source, "status": after.status, "inverse": inverse}
    return told | ({"omitted": wire["tracks"].get("omitted", [])} if after.omitted != edl.omitted else {})


if __name__ == "__main__":
    for name, (edl, edits) in vectors().items():
        vector = {"edl": to_wire(edl), "edits": edits, **expected(edl, edits)}
        (HERE / f"{name}.json").write_text(json.dumps(vector, indent=1, sort_keys=True) + "\n")
