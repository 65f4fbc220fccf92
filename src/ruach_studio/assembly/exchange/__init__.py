"""Turn a CanonicalEDL into another program's format, and say what that format cannot hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ruach_studio.assembly.edl import BadEdl, CanonicalEDL, validate_edl
from ruach_studio.assembly.exchange.cmx3600 import write_cmx3600
from ruach_studio.assembly.exchange.fcp7xml import write_fcp7xml
from ruach_studio.assembly.exchange.fcpxml import write_fcpxml
from ruach_studio.assembly.exchange.json import write_json
from ruach_studio.assembly.exchange.mlt import write_mlt
from ruach_studio.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Format:
    """One way out: how to write it, its file extension and its media type."""

    write: Callable[[CanonicalEDL], tuple[str, tuple[str, ...]]]
    extension: str
    media_type: str


FORMATS: Mapping[str, Format] = {
    "json": Format(write_json, "json", "application/json"),
    "fcpxml": Format(write_fcpxml, "fcpxml", "application/xml"),
    "fcp7xml": Format(write_fcp7xml, "xml", "application/xml"),
    "cmx3600": Format(write_cmx3600, "edl", "text/plain"),
    "mlt": Format(write_mlt, "mlt", "application/xml"),
}


def export(edl: CanonicalEDL, name: str) -> tuple[str, tuple[str, ...]]:
    """Return (text, losses) of `edl` in the format `name`.

    Raises NotFound for a format that is not offered, BadEdl for an EDL with an error, which JSON alone can hold.
    """
    if name not in FORMATS:
        raise NotFound(f"there is no export format {name!r}", subject="format", remedy=f"Use one of {', '.join(FORMATS)}.")
    if name != "json" and (errors := validate_edl(edl).errors):
        raise BadEdl(errors[0].message, subject=edl.session_id, remedy="Correct the EDL, or export it as json.")
    return FORMATS[name].write(edl)
