"""What is said under another voice: a backchannel needs somebody who speaks before and after it."""

import numpy as np

from ruach_studio.assembly.overlap import backchannels


def test_a_short_voice_under_another_is_a_backchannel_but_not_at_the_very_beginning_or_end():
    voiced = np.zeros((200, 2), dtype=bool)
    voiced[:, 0] = True
    for start in (0, 100, 195):
        voiced[start : start + 5, 1] = True
    assert backchannels(voiced, 0.1) == ((100, 105, 1),)
