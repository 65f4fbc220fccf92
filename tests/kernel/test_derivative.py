"""Names of derivatives stay what they were: what an older release made is found under them."""

from ruach_studio.kernel.derivative import KINDS, RECIPES, name_of, place_of


def test_a_name_is_the_hash_of_path_size_time_kind_and_recipe():
    name = name_of("/footage/a.mp4", 1234, 1_700_000_000_000_000_001, "proxy")
    # printf '{"kind":"proxy","mtimeNs":1700000000000000001,"path":"/footage/a.mp4","recipe":1,"size":1234}' | sha256sum
    assert (name, place_of(name)) == ("f150e059d6688719d17b3d04d3d39342", "f1/f150e059d6688719d17b3d04d3d39342")
    assert dict.fromkeys(KINDS, 1) == RECIPES
    assert len({name_of("/footage/a.mp4", 1234, 1, kind) for kind in KINDS}) == 3
