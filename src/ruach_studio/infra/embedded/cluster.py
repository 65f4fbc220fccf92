"""Turn an empty folder into a database cluster: whole, checksummed, or not there at all.

initdb works in a draft folder that is renamed at the end, so that a crash in the middle leaves nothing half-made. The
locale is PostgreSQL's built-in C.UTF-8, the same on every machine whatever locales it has.
"""

import os
import shutil
import subprocess

from ruach_studio.infra.embedded.errors import server_error
from ruach_studio.infra.embedded.identity import Identity
from ruach_studio.infra.embedded.layout import Layout

SUPERUSER = "ruach"
_TIMEOUT_S = 300
_FORM = (
    f"--username={SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
)


def server_environment() -> dict[str, str]:
    """Return the environment of the server's programs: none of the caller's PG* or locale variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def create_cluster(layout: Layout, identity: Identity, *, sync: bool = True) -> None:
    """Make the cluster; raise EmbeddedServerDown or EmbeddedDiskFull with what initdb said."""
    draft = layout.folder / "cluster.draft"
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    if identity.user_id is not None:
        os.chown(draft, identity.user_id, identity.group_id or 0)
    command = identity.command("initdb", "--pgdata", str(draft), *_FORM, *([] if sync else ["--no-sync"]))
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        env=server_environment(),
        user=identity.user_id,
        group=identity.group_id,
        extra_groups=None if identity.user_id is None else [],
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise server_error("the database could not be made", folder=layout.folder, said=done.stdout)
    draft.rename(layout.cluster)
    handle = os.open(layout.folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
