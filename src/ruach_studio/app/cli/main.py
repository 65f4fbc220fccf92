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
from ruach_studio.app.cli import accounts, audit, demo, edl, run, serve, steps
from ruach_studio.kernel.errors import BadInput, RuachError

app = typer.Typer(
    name="ruach",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Raw multicam footage in; synced, assembled, rendered and published artifacts out.",
)
run.register(app)
steps.register(app)
app.add_typer(edl.app, name="edl", help="Show, approve, lock and export an edit decision list.")
app.add_typer(accounts.app, name="accounts", help="Create the accounts that may sign in to the service.")
app.add_typer(audit.app, name="audit", help="Prove that stored decisions hold.")
serve.register(app)
demo.register(app)
_PERSON_CAN_MEND = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP,
    errno.EEXIST, errno.ENOSPC, errno.EDQUOT,
}  # fmt: skip


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
) -> None:
    """Raw multicam footage in; synced, assembled, rendered and published artifacts out."""
    if version:
        typer.echo(f"ruach {__version__}")
        raise typer.Exit


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
