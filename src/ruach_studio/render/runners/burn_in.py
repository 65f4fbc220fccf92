"""Turn a plan's lettering into what one chunk needs: its own script, and the graph that draws it.

A chunk's script holds only what is on screen during the chunk, and belongs to the chunk's key: another text elsewhere
leaves the chunk as it is. A chunk without writing has neither, and costs what it cost before.
"""

from dataclasses import replace
from pathlib import Path

from ruach_studio.infra.fonts import FOLDER, fonts_digest
from ruach_studio.render.lettering_style import NOTHING
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.presets import Preset
from ruach_studio.render.runners.ass import burnt_in, script
from ruach_studio.render.runners.chunks import Chunk
from ruach_studio.render.runners.letters import events_of


def unlettered(preset: Preset) -> Preset:
    """Return the preset without its style of writing: a chunk's key holds what is written on it, not what could be."""
    return replace(preset, lettering=NOTHING)


class BurnIn:
    """What is written on the picture of one plan."""

    def __init__(self, plan: RenderPlan) -> None:
        self._plan = plan
        self._events = events_of(plan)

    def key(self, chunk: Chunk) -> list[str]:
        """Return what the writing adds to the chunk's key: nothing, or its script and the fonts."""
        text = self._script(chunk)
        return [text, fonts_digest()] if text else []

    def graph(self, chunk: Chunk, graph: str, path: Path) -> str:
        """Return `graph` with the chunk's writing drawn on [v]; the script is put beside `path`. Without any, `graph`."""
        text = self._script(chunk)
        if not text:
            return graph
        written = path.with_suffix(".ass")
        written.write_text(text, "utf-8")
        return burnt_in(graph, written, FOLDER, chunk.start_frame, self._plan.rate, chunk.gaps)

    def _script(self, chunk: Chunk) -> str:
        start, end = chunk.start_frame, chunk.end_frame_exclusive
        events = (e for e in self._events if e.start_frame < end and e.end_frame_exclusive > start)
        return script(events, self._plan.preset.width, self._plan.preset.height)
