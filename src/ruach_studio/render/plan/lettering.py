"""Everything of a plan that is written on the picture or beside it: captions, overlays, chapters. Values only.

Frames are programme frames, as everywhere in a plan. A caption is a phrase as the viewer reads it, broken into lines; its
words keep their own frames, so that a runner can light them up one by one (karaoke). Every runner letters from these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

OverlayKind = Literal["lowerThird", "title", "scripture", "cta"]


@dataclass(frozen=True, slots=True)
class CaptionWord:
    """One word of a caption and the programme frames [start, end) in which it is said."""

    text: str
    start_frame: int
    end_frame_exclusive: int


@dataclass(frozen=True, slots=True)
class Caption:
    """One phrase on screen during programme frames [start, end), as lines of words; captions never overlap."""

    start_frame: int
    end_frame_exclusive: int
    lines: tuple[tuple[CaptionWord, ...], ...]
    speaker: str | None = None

    @property
    def text(self) -> str:
        """Return the caption as it reads, one line per line."""
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay of the EDL during programme frames [start, end); `payload` holds its texts by name, as the EDL has them."""

    start_frame: int
    end_frame_exclusive: int
    kind: OverlayKind
    payload: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: it lasts until the next one starts, the last one until the end."""

    start_frame: int
    title: str


@dataclass(frozen=True, slots=True)
class Lettering:
    """What one output shows in writing, and what goes out beside it.

    `captions` go into the caption files of the output always, and onto the picture if `burn_captions` says so; `karaoke`
    lights the word that is being said. `show_chapters` shows a card at each chapter's start.
    """

    captions: tuple[Caption, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    burn_captions: bool = False
    karaoke: bool = False
    show_chapters: bool = False

    @property
    def on_picture(self) -> bool:
        """Say whether anything at all is drawn."""
        captions, cards = self.burn_captions and self.captions, self.show_chapters and self.chapters
        return bool(captions or cards or self.overlays)
