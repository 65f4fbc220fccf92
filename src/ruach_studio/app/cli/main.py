"""Turn `ruach …` into a use case, and every failure into one clear line and an exit code.

Exit codes: 0 done; 1 something of ours or of the machine failed; 2 the input cannot be used as it is (the message
names it, the fact and the remedy); 130 interrupted.
"""

import errno
import json
import sys
from typing import Annotated

import typer

from ruach_studio import __version__
from ruach_studio.kernel.errors import BadInput, RuachError

_WHAT = "Raw multicam footage in; synced, assembled, rendered and published artifacts out."
# Which module brings which command; only the wanted one is loaded, since FFmpeg's and the service's libraries take seconds.
_MODULES = {
    "run": "run", "sync": "steps", "energy": "steps", "assemble": "steps", "render": "steps", "edl": "edl",
    "derive": "derive",
    "accounts": "accounts", "audit": "audit", "formation": "formation", "ops": "ops", "serve": "serve", "demo": "demo",
    "worker": "worker",
    "speakers": "speakers", "transcript": "transcript", "transcribe": "transcript", "render-jobs": "render_jobs",
    "preset": "formats", "frame": "frame", "thumbnail": "thumbnail", "lambda": "lambda",
    "backup": "backup", "restore": "backup",
    "trace": "trace",
}  # fmt: skip
_PERSON_CAN_MEND = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP,
    errno.EEXIST, errno.ENOSPC, errno.EDQUOT,
}  # fmt: skip


def app(*, args: list[str], standalone_mode: bool) -> object:
    """Run one command line with Typer; its result, its errors."""
    wanted = _MODULES.get(args[0]) if args else None
    typed = typer.Typer(
        name="ruach", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=_WHAT,
    )  # fmt: skip
    typed.callback()(_root)
    all_of_them = () if args == ["--version"] else _MODULES.values()
    for module in dict.fromkeys([wanted] if wanted else all_of_them):
        _add(typed, module)
    return typed(args=args, standalone_mode=standalone_mode)


def _add(typed: typer.Typer, module: str) -> None:
    match module:
        case "run":
            from ruach_studio.app.cli import run

            run.register(typed)
        case "steps":
            from ruach_studio.app.cli import steps

            steps.register(typed)
        case "render_jobs":
            from ruach_studio.app.cli import render_jobs

            render_jobs.register(typed)
        case "derive":
            from ruach_studio.app.cli import derive

            derive.register(typed)
        case "edl":
            from ruach_studio.app.cli import edl, edl_versions  # noqa: F401  (it adds its commands to edl's)

            typed.add_typer(edl.app, name="edl", help="Show, approve, lock and export an edit decision list.")
        case "speakers":
            from ruach_studio.app.cli import speakers

            typed.add_typer(speakers.app, name="speakers", help="Say who is heard where and filmed by which camera.")
        case "transcript":
            from ruach_studio.app.cli import transcript

            transcript.register(typed)
        case "thumbnail":
            from ruach_studio.app.cli import thumbnail

            thumbnail.register(typed)
        case "frame":
            from ruach_studio.app.cli import frame

            frame.register(typed)
        case "formats":
            from ruach_studio.app.cli import formats

            typed.add_typer(formats.app, name="preset", help="List the output formats and add your own.")
        case "lambda":
            from ruach_studio.app.cli import lambda_

            typed.add_typer(lambda_.app, name="lambda", help="Rendering on AWS Lambda: warm the function, see the costs.")
        case "accounts":
            from ruach_studio.app.cli import accounts

            typed.add_typer(accounts.app, name="accounts", help="Create the accounts that may sign in to the service.")
        case "audit":
            from ruach_studio.app.cli import audit

            typed.add_typer(audit.app, name="audit", help="Prove that stored decisions hold.")
        case "formation":
            from ruach_studio.app.cli import formation

            typed.add_typer(formation.app, name="formation", help="Read and tend the journeys of members.")
        case "ops":
            from ruach_studio.app.cli import ops

            typed.add_typer(ops.app, name="ops", help="The recovery commands, each with a reason, all audited.")
        case "trace":
            from ruach_studio.app.cli import trace

            trace.register(typed)
        case "serve":
            from ruach_studio.app.cli import serve

            serve.register(typed)
        case "worker":
            from ruach_studio.app.cli import worker

            worker.register(typed)
        case "backup":
            from ruach_studio.app.cli import backup

            backup.register(typed)
        case "demo":
            from ruach_studio.app.cli import demo

            demo.register(typed)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ruach {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    """Take raw multicam footage to published artifacts."""


def main() -> None:
    """Run the command line; never show a traceback for what a person can mend."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(args: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        outcome = app(args=args, standalone_mode=False)
    except RuachError as error:
        return _say(error, as_json="--json" in args)
    except typer.TyperException as error:  # Typer carries its own Click: `click.ClickException` is another class
        show = getattr(error, "show", None)
        if show is None:
            sys.stderr.write(f"ruach: {error}\n")
        else:
            show()
        return 2
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("ruach: interrupted\n")
        return 130
    except OSError as error:
        return _say(_refusal(error), as_json="--json" in args)
    return outcome if isinstance(outcome, int) else 0


def _refusal(error: OSError) -> RuachError:
    """Return what the system refused as an error of ours: of the input if a person can mend it."""
    kind = BadInput if error.errno in _PERSON_CAN_MEND else RuachError
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    remedy = "Free some space, or choose another disk." if full else "Check that path and its permissions."
    path = error.filename2 or error.filename
    subject = "" if path is None else str(path)
    fact = (error.strerror or str(error)).lower()
    return kind(fact, subject=subject, remedy=remedy if subject or full else "Try again.")


def _say(error: RuachError, *, as_json: bool) -> int:
    if as_json:
        problem = {"code": error.code, "subject": error.subject, "detail": error.fact, "remedy": error.remedy}
        sys.stderr.write(json.dumps(problem, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"ruach: {error}\n")
    return error.exit_code


if __name__ == "__main__":
    main()
