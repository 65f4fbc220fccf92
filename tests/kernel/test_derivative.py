"""Names of derivatives stay what they were: what an older release made is found under them."""

from ruach_studio.kernel.derivative import KINDS, RECIPES, name_of, place_of


def test_a_name_is_the_hash_of_path_size_time_kind_and_recipe():
    name = name_of("/footage/a.mp4", 1234, 1_700_000_000_000_000_001, "proxy")
    # printf '{"kind":"proxy","mtimeNs":1700000000000000001,"path":"/footage/a.mp4","recipe":2,"size":1234}' | sha256sum
    assert (name, place_of(name)) == ("2243e0060f0c2192fc8c96bfc3370a34", "22/2243e0060f0c2192fc8c96bfc3370a34")
    assert RECIPES == {"proxy": 2, "peaks": 1, "thumbnails": 2}
    assert len({name_of("/footage/a.mp4", 1234, 1, kind) for kind in KINDS}) == 3
