"""The same footage twice: the same EDL to the byte and the same decision hashes, with nothing kept between the runs."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("talk90")


def test_the_same_inputs_give_the_same_edl_and_the_same_decisions(talk90, drafts90, assembled, tmp_path: Path) -> None:
    first, second = drafts90("angle-v2"), assembled(talk90, tmp_path / "fresh")
    assert second.draft_bytes == first.draft_bytes
    assert second.decision_hashes == first.decision_hashes
    assert len(first.decision_hashes) == len(first.wire["tracks"]["program"])


def test_another_ruleset_gives_other_decisions(drafts90) -> None:
    assert drafts90("angle-v1").decision_hashes != drafts90("angle-v2").decision_hashes
