"""Turn a folder of ours into the places and settings of one server.

    <folder>/cluster      the data        <folder>/server.log   what the server says
    <folder>/server.lock  see locks.py    <folder>/users.lock   see locks.py

The socket's folder lies elsewhere, since a Unix socket's path ends at 107 bytes (103 on macOS): a short, private one under
the system's folder for temporary files or XDG_RUNTIME_DIR, named by a hash of the data's path.
"""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.infra.embedded.errors import EmbeddedServerDown
from ruach_studio.infra.embedded.identity import Identity

PORT = 5432
_SOCKET_NAME = f".s.PGSQL.{PORT}"
_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (looked at, not written)
_SHARED_MEMORY_FLOOR_BYTES = 256 * 2**20

# For a desk: durable, modest. The ceiling of connections is shared by the API, the workers and the relay.
DESK_SETTINGS: Mapping[str, str] = {
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.english",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one server, all absolute."""

    folder: Path

    @property
    def cluster(self) -> Path:
        """The data (PGDATA)."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def server_lock(self) -> Path:
        """Held while somebody starts or stops the server."""
        return self.folder / "server.lock"

    @property
    def users_lock(self) -> Path:
        """Held shared by every user of the server."""
        return self.folder / "users.lock"

    def system_identifier(self) -> int | None:
        """Return the cluster's own number (first 8 bytes of pg_control), None if there is no cluster yet."""
        control = self.cluster / "global" / "pg_control"
        if not control.exists():
            return None
        with control.open("rb") as file:
            return int.from_bytes(file.read(8), sys.byteorder)


def socket_path(folder: Path) -> Path:
    """Return the socket inside the socket folder."""
    return folder / _SOCKET_NAME


def make_socket_folder(layout: Layout, identity: Identity) -> Path:
    """Make the short, private (0700) folder of the socket, or raise EmbeddedServerDown."""
    name = f"ruach-{os.geteuid()}-{hashlib.sha256(os.fsencode(layout.folder)).hexdigest()[:12]}"
    owner = os.geteuid() if identity.user_id is None else identity.user_id
    for base in _socket_bases(identity):
        folder = base / name
        if len(os.fsencode(socket_path(folder))) > _SOCKET_PATH_BYTES:
            continue
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            continue
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (owner, os.geteuid()):
            continue  # somebody else's: never put a door into it
        folder.chmod(0o700)
        if status.st_uid != owner:
            os.chown(folder, owner, identity.group_id or 0)
        return folder
    raise EmbeddedServerDown(
        "there is no short, private folder for its socket",
        subject=str(layout.folder),
        remedy="Set TMPDIR to a short path that you may write to.",
    )


def remove_socket_folder(folder: Path) -> None:
    """Remove the socket folder of a stopped server, unless something else lies in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _socket_bases(identity: Identity) -> list[Path]:
    """Temporary folders first: XDG_RUNTIME_DIR is swept at logout, under a service that was left running."""
    bases = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108  (a 0700 folder of our own inside)
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and identity.kind != "nobody":
        bases.append(Path(runtime))
    if identity.kind == "nobody":  # a private TMPDIR is closed to it
        bases = [base for base in bases if all(each.stat().st_mode & stat.S_IXOTH for each in (base, *base.parents))]
    return [base for base in bases if base.is_dir()]


def write_settings(layout: Layout, socket_folder: Path, extra: Mapping[str, str]) -> None:
    """Write the settings and the access rule (only the socket, no network) that the next start reads."""
    values = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{socket_folder}"',
        "unix_socket_permissions": "0700",
        "dynamic_shared_memory_type": _shared_memory_type(),
        **DESK_SETTINGS,
        **extra,
    }
    lines = ["# Written at every start. Your own settings belong into local.conf beside this file.\n"]
    lines += [f"{name} = '{_quoted(value)}'\n" for name, value in values.items()]
    lines += ["include_if_exists = 'local.conf'\n"]
    (layout.cluster / "postgresql.conf").write_text("".join(lines), encoding="utf-8")
    (layout.cluster / "pg_hba.conf").write_text("local all all trust\n", encoding="utf-8")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _shared_memory_type() -> str:
    """Choose files where /dev/shm is missing or tiny (64 MB in a container), so that a big sort cannot fail."""
    if sys.platform != "linux":
        return "posix"
    if not _SHARED_MEMORY.is_dir():
        return "mmap"
    status = os.statvfs(_SHARED_MEMORY)
    return "posix" if status.f_blocks * status.f_frsize >= _SHARED_MEMORY_FLOOR_BYTES else "mmap"
