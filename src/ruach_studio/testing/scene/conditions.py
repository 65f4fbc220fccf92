"""Turn the name of a hard condition into two recordings of one conversation and the truth of how they lie.

Each condition is a function of a `Room` that returns one or more pairs (query, reference). The reference hears the whole
conversation; the query suffers. Truth: `reference_s = offset_s + query_s * (1 + drift)`, in pieces where samples were lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ruach_studio.testing.scene import recorder as rec
from ruach_studio.testing.scene.microphone import Heard, hear
from ruach_studio.testing.scene.room import Path, distance
from ruach_studio.testing.scene.voices import RATE, Sound, babble, conversation

NEAR_M, FAR_M = (0.9, 1.1, 1.0), (1.7, 1.5, 1.9)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two recordings. `jumps` are (query second, ms that the reference gains there): empty for a sound recorder."""

    query: Heard
    reference: Heard
    jumps: tuple[tuple[float, float], ...] = ()

    def reference_s(self, query_s: float) -> float:
        """Return the true reference time of a query time."""
        gained_s = sum(ms for at_s, ms in self.jumps if query_s > at_s) / 1e3
        said_s = self.query.said_s(query_s + gained_s)
        return (said_s - self.reference.offset_s) / (1.0 + self.reference.drift_ppm * 1e-6)

    def overlap_s(self) -> tuple[float, float]:
        """Return the part of the query, in its own seconds, that the reference recorded too."""
        query_s, reference_s = (len(h.sound) / h.rate for h in (self.query, self.reference))
        inside = [t for t in np.linspace(0.0, query_s, 4001) if 0.0 <= self.reference_s(float(t)) <= reference_s]
        return float(inside[0]), float(inside[-1])


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation of three people that several recorders hear; `seed` makes the people and the rooms."""

    seconds: float
    seed: int
    stems: tuple[Sound, ...]

    @classmethod
    def of(cls, seconds: float, seed: int, half: int | None = None) -> "Room":
        """Return the room of a seed; rooms of different halves share no line."""
        return cls(seconds, seed, tuple(conversation(seconds, 3, seed, half=half)))

    def mic(self, metres: Sequence[float] = FAR_M, *, number: int = 2, offset_s: float = 0.0, drift_ppm: float = 0.0,
            seconds: float | None = None, rate: int = RATE, floor_dbfs: float = -70.0, **path: float) -> Heard:  # fmt: skip
        """Return what a microphone at `metres` from each person records."""
        ways: list[Path] = [distance(each, **path) for each in metres]
        return hear(self.stems, ways, seed=self.seed * 1000 + number, offset_s=offset_s, drift_ppm=drift_ppm,
                    seconds=seconds, rate=rate, floor_dbfs=floor_dbfs)  # fmt: skip

    def reference(self, rate: int = RATE) -> Heard:
        """Return the good recording that begins with the conversation."""
        return self.mic(NEAR_M, number=1, rate=rate)


Condition = Callable[[Room], list[Pair]]
CONDITIONS: dict[str, Condition] = {}


def _condition(name: str) -> Callable[[Condition], Condition]:
    def keep(make: Condition) -> Condition:
        CONDITIONS[name] = make
        return make

    return keep


def _one(name: str, effect: Callable[[Sound, int, int], Sound] | None = None, **mic: float) -> None:
    """Add a condition: a microphone's own facts, then what the recorder does to (sound, rate, seed)."""

    def make(room: Room) -> list[Pair]:
        facts = {"offset_s": 21.125, **mic}
        rate = int(facts.pop("rate", RATE))
        heard = room.mic(rate=rate, **facts)  # type: ignore[arg-type]
        if effect is not None:
            heard = replace(heard, sound=effect(heard.sound, heard.rate, room.seed))
        return [Pair(heard, room.reference(48_000 if rate == 44_100 else RATE))]

    CONDITIONS[name] = make


_one("two microphones of one room")
_one("12 dB softer", lambda s, _r, _n: rec.gained(s, -12.0))
_one("far away, RT 0.8 s", reverb_s=0.8, direct_db=-6.0)
_one("telephone band, AGC, soft limiter",
     lambda s, r, _n: rec.saturated(rec.automatic_gain(rec.band_limited(s, r, 300, 3000), r)))  # fmt: skip
_one("50 ppm", drift_ppm=50.0)
_one("\N{MINUS SIGN}100 ppm, RT 0.7 s, SNR 6 dB", lambda s, _r, n: rec.noisy(s, seed=n, snr_db=6.0), drift_ppm=-100.0,
     reverb_s=0.7, direct_db=-3.0)  # fmt: skip
_one("300 ppm", drift_ppm=300.0)
_one("999 ppm (NTSC pull-down)", drift_ppm=-999.0)
_one("1,000 ppm", drift_ppm=1000.0)
_one("AAC 48 kbit/s", lambda s, r, _n: rec.through_aac(s, r, 48_000))
_one("44.1 against 48 kHz, 20 ppm", rate=44_100, drift_ppm=20.0)
_one("SNR \N{MINUS SIGN}3 dB", lambda s, _r, n: rec.noisy(s, seed=n, snr_db=-3.0))
_one("SNR \N{MINUS SIGN}10 dB", lambda s, _r, n: rec.noisy(s, seed=n, snr_db=-10.0))
_one("ventilator (pink), SNR \N{MINUS SIGN}6 dB", lambda s, _r, n: rec.noisy(s, seed=n, snr_db=-6.0, pink=True))
_one("babble as loud", lambda s, r, n: rec.mixed(s, babble(len(s) / r, 5, n + 50), 0.0))
_one("babble 6 dB louder", lambda s, r, n: rec.mixed(s, babble(len(s) / r, 5, n + 60), -6.0))
_one("hard clipping, 30 dB over", lambda s, _r, _n: rec.clipped(s, 30.0))
_one("AGC and noise", lambda s, r, n: rec.automatic_gain(rec.noisy(s, seed=n, snr_db=10.0), r, release_s=0.5))
_one("noise gate", lambda s, r, _n: rec.gated(s, r))
_one("music loop in one camera, as loud", lambda s, r, n: rec.mixed(s, rec.music_loop(60.0, r, n), 0.0))
_one("polarity swapped", lambda s, _r, _n: -s)
_one("8 kHz voice recorder, 30 ppm", rate=8_000, drift_ppm=30.0)
_one("first 45 s silent", lambda s, r, _n: rec.replaced(s, r, np.zeros(1, np.float32), 0.0, 45.0))
_one("first 45 s in another room",
     lambda s, r, n: rec.replaced(s, r, rec.gained(conversation(45.0, 2, n + 70)[0], -6.0), 0.0, 45.0))  # fmt: skip


@_condition("lavalier on one person, others 20 dB down")
def _lavalier(room: Room) -> list[Pair]:
    ways = [Path(0.0, 0.0006, 0.3, 20.0), Path(-20.0, 0.004, 0.3, 6.0), Path(-20.0, 0.004, 0.3, 6.0)]
    first = Path(0.0, 0.0006, 0.3, 20.0)
    worn = hear(room.stems, [first, *ways[1:]], seed=room.seed + 5, offset_s=12.5, drift_ppm=15.0)
    # what the wearer says decides: his way to the camera and to the clip is the truth, the others' 3 ms more is bleed
    spoken = replace(worn, offset_s=12.5 - first.delay_s)
    reference = room.reference()
    return [Pair(spoken, replace(reference, offset_s=-NEAR_M[0] / 343.0))]


@_condition("the same music in both cameras")
def _music(room: Room) -> list[Pair]:
    loop = rec.music_loop(room.seconds, RATE, room.seed)
    query, reference = room.mic(offset_s=21.125), room.reference()
    first = round((query.offset_s - reference.offset_s) * RATE)
    with_music = [rec.mixed(query.sound, loop[first:], 6.0), rec.mixed(reference.sound, loop, 6.0)]
    return [Pair(replace(query, sound=with_music[0]), replace(reference, sound=with_music[1]))]


@_condition("common part of 60 s at the end")
def _tail(room: Room) -> list[Pair]:
    half = room.seconds / 2
    query = room.mic(offset_s=half - 60.0)
    return [Pair(query, replace(room.reference(), sound=room.reference().sound[: round(half * RATE)]))]


@_condition("starts 24 min late")
def _late(room: Room) -> list[Pair]:
    return [Pair(room.mic(offset_s=24 * 60.0, drift_ppm=25.0), room.reference())]


@_condition("4 min inside of 32 min")
def _part(room: Room) -> list[Pair]:
    return [Pair(room.mic(offset_s=0.6 * room.seconds, seconds=240.0, drift_ppm=-15.0), room.reference())]


@_condition("200 ms lost in the middle")
def _lost(room: Room) -> list[Pair]:
    query = room.mic(offset_s=21.125, drift_ppm=20.0)
    at_s = round(len(query.sound) / RATE * 0.4, 1)
    return [Pair(replace(query, sound=rec.drop(query.sound, RATE, at_s, 0.2)), room.reference(), ((at_s, 200.0),))]


@_condition("200 ms doubled in the middle")
def _doubled(room: Room) -> list[Pair]:
    query = room.mic(offset_s=21.125, drift_ppm=-20.0)
    at_s = round(len(query.sound) / RATE * 0.6, 1)
    return [Pair(replace(query, sound=rec.doubled(query.sound, RATE, at_s, 0.2)), room.reference(), ((at_s, -200.0),))]


def clips_of(room: Room, seconds: float, count: int = 6) -> list[Pair]:
    """Return `count` clips of `seconds` at even distances of the conversation, each against the whole of it."""
    reference, places = room.reference(), np.linspace(5.0, room.seconds - seconds - 5.0, count)
    return [
        Pair(room.mic(offset_s=float(at), seconds=seconds, number=10 + n), reference) for n, at in enumerate(places.tolist())
    ]


for _seconds in (5, 10, 20, 40):
    CONDITIONS[f"clips of {_seconds} s"] = lambda room, s=_seconds: clips_of(room, s)  # type: ignore[misc]
