"""Turn `--camera A=a.mp4 --camera B=b1.mp4,b2.mp4 --wide C` into named lists of files, or say what is wrong with it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.ids import checked_name

AUDIO_TRACK = "AUDIO"


@dataclass(frozen=True, slots=True)
class Footage:
    """The files of one recording session by camera, in the order given; `sounds` are separate sound recordings, by name."""

    cameras: dict[str, tuple[Path, ...]]
    wide: str | None = None
    sounds: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    master: str | None = None

    def role(self, camera: str) -> str:
        """Return the role that the session gives to `camera`: 'wide' or 'camera'."""
        return "wide" if camera == self.wide else "camera"


def read_footage(
    cameras: Sequence[str], *, wide: str | None = None, audio: Sequence[str] = (), master: str | None = None
) -> Footage:
    """Read the options as a person types them. Raises BadInput for a form, a name or a number that cannot be used.

    The recordings of `audio` are called AUDIO, AUDIO2, AUDIO3 and so on.
    """
    named: dict[str, tuple[Path, ...]] = {}
    for option in cameras:
        name, mark, files = option.partition("=")
        if not mark or not files:
            raise BadInput("it does not say NAME=FILE", subject=f"--camera {option}",
                           remedy="Write --camera A=talk-a.mp4, or A=part1.mp4,part2.mp4 for a split file.")  # fmt: skip
        checked_name(name, field=f"--camera {option}")
        if name in named:
            raise BadInput(f"camera {name} is named twice", subject=f"--camera {option}",
                           remedy=f"Name each camera once; list parts as {name}=part1.mp4,part2.mp4.")  # fmt: skip
        named[name] = _files(option, files)
    tracks = {AUDIO_TRACK + (str(number) if number > 1 else ""): option for number, option in enumerate(audio, 1)}
    for name in tracks:
        if name in named:
            raise BadInput(f"{name} is the name of an --audio track", subject=f"--camera {name}",
                           remedy="Give that camera another name.")  # fmt: skip
    if len(named) < 2:
        raise BadInput(f"{len(named)} camera given; there is nothing to cut between", subject="--camera",
                       remedy="Give at least two: --camera A=a.mp4 --camera B=b.mp4.")  # fmt: skip
    for option_name, camera in (("--wide", wide), ("--master", master)):
        if camera is not None and camera not in named:
            raise BadInput(f"there is no camera {camera}", subject=f"{option_name} {camera}",
                           remedy=f"Name one of {', '.join(named)}.")  # fmt: skip
    sounds = {name: _files(f"--audio {option}", option) for name, option in tracks.items()}
    _no_file_twice({**named, **sounds})
    return Footage(named, wide, sounds, master)


def _files(option: str, text: str) -> tuple[Path, ...]:
    parts = tuple(Path(part) for part in text.split(",") if part)
    if not parts:
        raise BadInput("it names no file", subject=option, remedy="List one or more files, separated by commas.")
    for part in parts:
        try:
            str(part).encode()
        except UnicodeEncodeError as error:
            raise BadInput("its name is not valid UTF-8", subject=os.fsencode(part).decode("utf-8", "replace"),
                           remedy="Rename the file.") from error  # fmt: skip
    return parts


def _no_file_twice(named: dict[str, tuple[Path, ...]]) -> None:
    seen: dict[Path, str] = {}
    for camera, files in named.items():
        for file in files:
            key = Path(os.path.realpath(file))  # unlike resolve(), no error for a link that leads to itself
            if key in seen:
                raise BadInput(f"it is given twice, for camera {seen[key]} and camera {camera}", subject=str(file),
                               remedy="Each recording belongs to one camera; check the file names.")  # fmt: skip
            seen[key] = camera
