"""Turn "who sits at which microphone, and who is filmed by which camera" into one checked value.

Microphone -> speaker -> camera is said, never guessed from loudness alone: a camera across the table may stand nearer to
somebody whom it does not film. A speaker may have several microphones and several cameras (the first is his usual one); a
camera may show several speakers; a microphone belongs to one speaker.

energy.py names the columns (`A`, or `A#1` for the first channel of a recorder that holds two microphones);
mapping_proposal.py proposes a map from the energy; angles.py obeys it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ruach_studio.assembly.energy import channel_column
from ruach_studio.kernel.errors import BadInput

SPEAKERS_MAX = 16


@dataclass(frozen=True, slots=True)
class MicRef:
    """One microphone: all channels of a recording as one, or one channel of it (counted from 1, as recorders do)."""

    camera_id: str
    channel: int | None = None

    @property
    def column(self) -> str:
        """Return the name of its column in the energy matrix."""
        return self.camera_id if self.channel is None else channel_column(self.camera_id, self.channel)

    def __str__(self) -> str:
        return self.camera_id if self.channel is None else f"{self.camera_id}, channel {self.channel}"


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person (or two who share a microphone): what hears him, and what shows him, the usual camera first."""

    id: str
    name: str
    mics: tuple[MicRef, ...]
    cameras: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.id.strip() or not self.name.strip():
            raise BadInput("a speaker has no id or no name", subject="speakers", remedy="Give each a short id and a name.")
        for wanting, what in ((self.mics, "microphone"), (self.cameras, "camera")):
            if not wanting:
                raise BadInput(
                    f"{self.name} has no {what}", subject="speakers", remedy=f"Name a {what}, or leave the speaker out."
                )
        for camera, count in Counter(self.cameras).items():
            if count > 1:
                raise BadInput(f"{self.name} is shown by {camera} {count} times", subject="speakers", remedy="Name it once.")
        for mic in self.mics:
            if mic.channel is not None and mic.channel < 1:
                raise BadInput(
                    f"{self.name}'s microphone {mic.camera_id} has channel {mic.channel}", subject="speakers",
                    remedy="Channels are counted from 1.",
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpeakerMap:
    """All speakers of a session, in the order in which they are shown to a person. Raises BadInput for a contradiction."""

    speakers: tuple[Speaker, ...]

    def __post_init__(self) -> None:
        if not self.speakers:
            raise BadInput("the map names no speaker", subject="speakers", remedy="Name at least one.")
        if len(self.speakers) > SPEAKERS_MAX:
            raise BadInput(f"{len(self.speakers)} speakers", subject="speakers", remedy=f"At most {SPEAKERS_MAX}.")
        for name, count in Counter(speaker.id for speaker in self.speakers).items():
            if count > 1:
                raise BadInput(f"{count} speakers have the id {name!r}", subject="speakers", remedy="Give each his own.")
        owners: dict[MicRef, Speaker] = {}
        for speaker in self.speakers:
            for mic in speaker.mics:
                if mic in owners:
                    raise BadInput(
                        f"microphone {mic} belongs to {owners[mic].name} and to {speaker.name}", subject="speakers",
                        remedy="Give it to one of them, or make two who share a microphone one speaker.",
                    )  # fmt: skip
                owners[mic] = speaker
        for mic, speaker in owners.items():
            if mic.channel is not None and MicRef(mic.camera_id) in owners:
                raise BadInput(
                    f"recording {mic.camera_id} is mapped as a whole and by channel", subject="speakers",
                    remedy=f"Map its channels only; {speaker.name} has channel {mic.channel}.",
                )  # fmt: skip

    @property
    def cameras(self) -> tuple[str, ...]:
        """Return every camera that shows somebody, each once, in order of speakers."""
        return tuple(dict.fromkeys(camera for speaker in self.speakers for camera in speaker.cameras))

    def speaker(self, speaker_id: str) -> Speaker:
        """Return the speaker with that id; raise BadInput if there is none."""
        for speaker in self.speakers:
            if speaker.id == speaker_id:
                return speaker
        known = ", ".join(speaker.id for speaker in self.speakers)
        raise BadInput("there is no such speaker", subject=speaker_id, remedy=f"The map has {known}.")

    def check(self, recordings: Mapping[str, int], shown: Collection[str]) -> None:
        """Raise BadInput unless every microphone is in `recordings` (channels by camera id) and every camera is `shown`."""
        for speaker in self.speakers:
            for mic in speaker.mics:
                channels = recordings.get(mic.camera_id)
                if channels is None:
                    raise BadInput(
                        f"{speaker.name}'s microphone {mic.camera_id} is not in the session", subject="speakers",
                        remedy=f"The session has {', '.join(recordings)}.",
                    )  # fmt: skip
                if mic.channel is not None and mic.channel > channels:
                    raise BadInput(
                        f"{mic.camera_id} has {channels} channel(s), not {mic.channel}", subject="speakers",
                        remedy="Name one that it has.",
                    )  # fmt: skip
            for camera in speaker.cameras:
                if camera not in shown:
                    raise BadInput(
                        f"{speaker.name} cannot be shown by {camera}", subject="speakers",
                        remedy=f"Choose a camera with picture: {', '.join(shown)}.",
                    )  # fmt: skip


def map_of_mics(mic_map: Mapping[str, str]) -> SpeakerMap:
    """Return the map that a plain `{microphone: camera}` means: one speaker per microphone, named after his camera."""
    return SpeakerMap(tuple(Speaker(mic, f"Camera {shown}", (MicRef(mic),), (shown,)) for mic, shown in mic_map.items()))


def map_to_wire(speakers: SpeakerMap) -> list[dict[str, Any]]:
    """Return the map as plain JSON."""
    return [
        {
            "id": each.id, "name": each.name, "cameras": list(each.cameras),
            "mics": [{"cameraId": mic.camera_id, "channel": mic.channel} for mic in each.mics],
        }
        for each in speakers.speakers
    ]  # fmt: skip


def map_from_wire(wire: Collection[Mapping[str, Any]]) -> SpeakerMap:
    """Return the map that `map_to_wire` wrote. Raises BadInput for a contradiction, KeyError for a missing field."""
    return SpeakerMap(
        tuple(
            Speaker(
                each["id"], each["name"],
                tuple(MicRef(mic["cameraId"], mic.get("channel")) for mic in each["mics"]), tuple(each["cameras"]),
            )
            for each in wire
        )
    )  # fmt: skip
