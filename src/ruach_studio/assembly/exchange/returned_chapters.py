"""Turn the chapter marks that came back into the EDL's: those that are where they were stay just as they were."""

from collections.abc import Sequence

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.exchange.pieces import chapter_frame, master_frame
from ruach_studio.assembly.exchange.returned import Chapter
from ruach_studio.assembly.exchange.xml_out import NOT_XML


def chapters_of(base: CanonicalEDL, found: Sequence[Chapter] | None) -> tuple[tuple[dict[str, object], ...], bool]:
    """Return the chapters as the file has them, unmoved ones just as they were, and whether there is a change."""
    old = [dict(chapter) for chapter in base.chapters]
    if found is None:
        return tuple(old), False
    last = base.kept.frames - 1
    keys = [(min(chapter_frame(base, c), last), NOT_XML.sub("\ufffd", str(c["title"]))) for c in old]
    wanted = [(min(each.frame, last), NOT_XML.sub("\ufffd", each.title)) for each in found]
    if sorted(keys) == sorted(wanted):
        return tuple(old), False
    known = dict(zip(keys, old, strict=True))
    made = [
        known.get(key, {"startMs": base.fps.milliseconds(master_frame(base, key[0])), "title": key[1]}) for key in wanted
    ]
    return tuple(made), True
