"""Store one file in processes that are killed: each line of JSON on standard input forks one that stores it.

With `killAfterS` it is killed (SIGKILL) that long after its birth. Answers with its process id at once, and with its exit
status and the seconds that it lived when it has ended. The imports are done before the fork.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from ruach_studio.testing.bucket import Bucket
from ruach_studio.testing.s3_server import S3Server

for line in sys.stdin:
    told = json.loads(line)
    bucket = Bucket(S3Server(told["port"], None), Path(told["folder"]), told["prefix"])
    born = time.monotonic()
    child = os.fork()
    if child == 0:
        asyncio.run(bucket.store().put_file(told["key"], Path(told["path"]), content_type="video/mp4"))
        os._exit(0)
    print(child, flush=True)
    if "killAfterS" in told:
        time.sleep(told["killAfterS"])
        os.kill(child, signal.SIGKILL)  # it is not reaped before the next line, so its id is still its own
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - born]), flush=True)
