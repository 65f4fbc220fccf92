"""One base for every error that a person may see: what happened, to what, and the remedy.

The class docstring is the message. The subject (a file, an id, a field) is an attribute. `retryable` is the one fact
that the worker, the DLQ triage and problem+json all read: can the same request succeed later without a change?
"""

from typing import ClassVar


class RuachError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, fact: str = "", *, subject: str = "", remedy: str = "", **details: object) -> None:
        """Say the `fact` about the `subject` and its `remedy`; `details` are machine-readable extras.

        >>> str(BadInput("it is empty (0 bytes)", subject="a.mp4", remedy="Copy it again from the card."))
        'a.mp4: it is empty (0 bytes). Copy it again from the card.'
        """
        self.fact = fact or (type(self).__doc__ or "").strip().rstrip(".")
        self.subject = subject
        self.remedy = remedy
        self.details = details
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.subject}: " if self.subject else ""
        tail = f". {self.remedy}" if self.remedy else ""
        return f"{head}{self.fact}{tail}"


class BadInput(RuachError):
    """The input cannot be used as it is."""

    code = "bad_input"
    status = 422
    exit_code = 2


class Malformed(BadInput):
    """The request is not well formed."""

    code = "malformed"
    status = 400


class Unauthenticated(RuachError):
    """Nobody is signed in."""

    code = "unauthenticated"
    status = 401


class Forbidden(RuachError):
    """This role may not do that."""

    code = "forbidden"
    status = 403


class NotFound(RuachError):
    """There is no such thing."""

    code = "not_found"
    status = 404
    exit_code = 2


class Conflict(RuachError):
    """The thing is in a state that does not allow this."""

    code = "conflict"
    status = 409
    exit_code = 2


class Unavailable(RuachError):
    """A needed part does not answer right now."""

    code = "unavailable"
    status = 503
    retryable = True


class OutOfSpace(Unavailable):
    """The disk has no room for what must be written."""

    code = "out_of_space"
    status = 507
    exit_code = 2


class MediaFailure(RuachError):
    """FFmpeg could not do its part on this file."""

    code = "media_failure"
    status = 500


class Cancelled(RuachError):
    """The work was cancelled."""

    code = "cancelled"
    status = 409
