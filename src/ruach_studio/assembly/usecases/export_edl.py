"""Turn a version of the EDL into another program's file, with a list of what that format cannot hold."""

from dataclasses import dataclass

from ruach_studio.assembly.exchange import FORMATS, export
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.usecases.get_edl import get_edl


@dataclass(frozen=True, slots=True)
class Exported:
    """The file's text and name, its media type, and what was lost."""

    text: str
    filename: str
    media_type: str
    losses: tuple[str, ...]


async def export_edl(
    services: AssemblyServices, session_id: str, format_name: str, version: int | None = None, *,
    fcpxml_version: str | None = None,
) -> Exported:  # fmt: skip
    """Return a version (default: the newest) in a format; `fcpxml_version` chooses 1.11 (the default) to 1.14.

    Raises NotFound (404) for an unknown format, EdlNotFound (404), BadInput (422) for a version that is not offered.
    """
    view = await get_edl(services, session_id, version)
    text, losses = export(view.edl, format_name, fcpxml_version=fcpxml_version)
    kind = FORMATS[format_name]
    return Exported(text, f"{session_id}-v{view.edl.version}.{kind.extension}", kind.media_type, losses)
