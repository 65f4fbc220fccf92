"""NumPy starts no thread of its own under our package, unless the environment asks for some (decision 68)."""

import os
import subprocess
import sys

import pytest

LOOK = """
import os, ruach_studio, numpy
a = numpy.ones((600, 600)); a @ a
print(os.environ["OPENBLAS_NUM_THREADS"], len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="the threads of a process are counted in /proc")
@pytest.mark.parametrize(("asked", "told"), [(None, 1), ("2", 2)])
def test_threads_of_a_process_that_multiplies(asked, told):
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    env |= {"OPENBLAS_NUM_THREADS": asked} if asked else {}
    told_by = subprocess.run([sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=True)
    said, threads = map(int, told_by.stdout.split())
    processors = len(os.sched_getaffinity(0))  # OpenBLAS starts no more than there are
    assert (said, threads) == (told, min(told, processors))
