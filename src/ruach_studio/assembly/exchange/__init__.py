"""Turn a CanonicalEDL into another program's format, and say what that format cannot hold, and back again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ruach_studio.assembly.edl import BadEdl, CanonicalEDL, validate_edl
from ruach_studio.assembly.exchange.cmx3600 import write_cmx3600
from ruach_studio.assembly.exchange.fcp7xml import write_fcp7xml
from ruach_studio.assembly.exchange.fcpxml import VERSIONS as FCPXML_VERSIONS
from ruach_studio.assembly.exchange.fcpxml import write_fcpxml
from ruach_studio.assembly.exchange.imports import Imported, take_back
from ruach_studio.assembly.exchange.json import write_json
from ruach_studio.assembly.exchange.kdenlive import write_kdenlive
from ruach_studio.assembly.exchange.mlt import write_mlt
from ruach_studio.assembly.exchange.otio import write_otio
from ruach_studio.assembly.exchange.read_cmx3600 import read_cmx3600
from ruach_studio.assembly.exchange.read_fcpxml import read_fcpxml
from ruach_studio.assembly.exchange.read_otio import read_otio
from ruach_studio.assembly.exchange.returned import BadReturn, Returned
from ruach_studio.kernel.errors import BadInput, NotFound

__all__ = ["FCPXML_VERSIONS", "FORMATS", "IMPORTS", "IMPORT_MAX_BYTES", "BadReturn", "Format", "Imported", "Way", "export",
           "import_back"]  # fmt: skip

IMPORT_MAX_BYTES = 8 << 20  # ten hours with a cut every two seconds are 6 MB of FCPXML


@dataclass(frozen=True, slots=True)
class Format:
    """One way out: how to write it, its file extension and its media type."""

    write: Callable[[CanonicalEDL], tuple[str, tuple[str, ...]]]
    extension: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way back: how to read it, and its name for people."""

    read: Callable[[str, CanonicalEDL], Returned]
    title: str


FORMATS: Mapping[str, Format] = {
    "json": Format(write_json, "json", "application/json"),
    "otio": Format(write_otio, "otio", "application/json"),
    "fcpxml": Format(write_fcpxml, "fcpxml", "application/xml"),
    "fcp7xml": Format(write_fcp7xml, "xml", "application/xml"),
    "cmx3600": Format(write_cmx3600, "edl", "text/plain"),
    "mlt": Format(write_mlt, "mlt", "application/xml"),
    "kdenlive": Format(write_kdenlive, "kdenlive", "application/xml"),
}
IMPORTS: Mapping[str, Way] = {
    "otio": Way(read_otio, "OpenTimelineIO"),
    "fcpxml": Way(read_fcpxml, "FCPXML"),
    "cmx3600": Way(read_cmx3600, "CMX3600"),
}


def export(edl: CanonicalEDL, name: str, *, fcpxml_version: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Return (text, losses) of `edl` in the format `name`; `fcpxml_version` is one of FCPXML_VERSIONS (1.11 unless given).

    Raises NotFound for a format that is not offered, BadInput for a version that is not, BadEdl for an EDL with an error,
    which JSON alone can hold.
    """
    if name not in FORMATS:
        raise NotFound(f"there is no export format {name!r}", subject="format", remedy=f"Use one of {', '.join(FORMATS)}.")
    if fcpxml_version is not None and (name != "fcpxml" or fcpxml_version not in FCPXML_VERSIONS):
        raise BadInput(
            f"there is no version {fcpxml_version!r} of it" if name == "fcpxml" else f"{name} has no such version",
            subject="fcpxmlVersion", remedy=f"Use one of {', '.join(FCPXML_VERSIONS)}, with the format fcpxml.",
        )  # fmt: skip
    if name != "json" and (errors := validate_edl(edl).errors):
        raise BadEdl(errors[0].message, subject=edl.session_id, remedy="Correct the EDL, or export it as json.")
    return write_fcpxml(edl, fcpxml_version) if fcpxml_version is not None else FORMATS[name].write(edl)


def import_back(base: CanonicalEDL, name: str, content: bytes, *, version: int) -> Imported:
    """Return version `version` of `base`: what `content`, in the format `name`, shows. Nothing else of `base` changes.

    Raises NotFound for a format that cannot come back, BadReturn (422) naming shot, fact and remedy, EdlIsLocked (409).
    """
    if name not in IMPORTS:
        raise NotFound(
            f"there is no way back from the format {name!r}", subject="format", remedy=f"Use one of {', '.join(IMPORTS)}."
        )
    if len(content) > IMPORT_MAX_BYTES:
        raise BadReturn(f"it has {len(content)} bytes", subject="file", remedy=f"Send at most {IMPORT_MAX_BYTES}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise BadReturn("it is not text in UTF-8", subject="file", remedy="Export it again as text in UTF-8.") from wrong
    way = IMPORTS[name]
    return take_back(base, way.read(text, base), title=way.title, version=version)
