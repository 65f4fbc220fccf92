"""Damaged files at every door of listening and deriving: no crash, no hang, no warning; each refusal has its own words."""

import asyncio
import time

import numpy as np
import pytest

from ruach_studio.assembly.usecases.footage import CameraFiles, probe_camera
from ruach_studio.assembly.usecases.listen import listen
from ruach_studio.kernel.errors import RuachError
from ruach_studio.render.usecases.derive_files import derive
from ruach_studio.testing.fuzz import specimens

LIMIT_S = 60.0  # for three seconds of sound, on a machine that does other things too
KINDS = ("proxy", "peaks", "thumbnails")


async def outcome(specimen, what, folder):
    """Return None if the file could be used, else the refusal; fail on anything else."""
    try:
        async with asyncio.timeout(LIMIT_S):
            if what == "register":
                await probe_camera(CameraFiles("A", (specimen.path,)))
            elif what == "listen":
                digest = await listen(specimen.path, folder / "scratch")
                power = np.asarray(digest.power10ms)
                assert np.isfinite(power[~np.isnan(power)]).all()
                assert digest.duration_s < 3600
            else:
                await derive(specimen.path, what, folder / "derived")
    except RuachError as error:
        return error
    return None


async def check(tmp_path, count, doors):
    made = specimens(tmp_path / "bad", count)
    refused = {}
    for specimen in made:
        begun = time.monotonic()
        for what in doors:
            refusal = await outcome(specimen, what, tmp_path)
            if refusal is not None:
                assert str(specimen.path) in str(refusal), f"{specimen.kind}, {what}: {refusal}"
                assert refusal.fact
                assert refusal.remedy
                refused.setdefault(refusal.fact, set()).add(specimen.kind)
        assert time.monotonic() - begun < LIMIT_S
    left = [path for path in (tmp_path / "derived").rglob("*") if path.is_file() and "making-" in str(path)]
    assert left == []
    return made, refused


async def test_a_dozen_damaged_files(tmp_path):
    made, refused = await check(tmp_path, 12, ("register", "listen", "peaks"))
    assert len({specimen.kind for specimen in made}) == 10
    assert {"the file is empty (0 bytes)"} <= refused.keys()
    assert any("channels" in fact for fact in refused)
    assert len(refused) >= 4  # each fact of its own


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_a_hundred_damaged_files_at_every_door(tmp_path):
    made, refused = await check(tmp_path, 100, ("register", "listen", *KINDS))
    assert len(made) == 100
    assert len(refused) >= 8


@pytest.mark.slow
def test_the_same_seed_makes_the_same_files(tmp_path):
    one, two = (specimens(tmp_path / name, 10) for name in "ab")
    assert [s.path.name for s in one] == [s.path.name for s in two]
    assert [s.path.read_bytes() for s in one if s.kind in ("header", "noise", "no numbers")] == [
        s.path.read_bytes() for s in two if s.kind in ("header", "noise", "no numbers")
    ]
