"""Turn a connection that says nothing, or half a request head, into one that is closed: each costs a file descriptor.

uvicorn closes a connection only when it is idle after an answer; before the first whole head, and from the first byte
of the next one on, it waits for ever, and some 1,000 such connections leave no place for anybody else.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 by h11 whose patience with a request head, or with what follows an answer, has an end."""

    head_patience_s = 30.0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take `data`; bytes that are no whole head do not renew the time there is for it."""
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()
        elif self._head_timer is None and not self.transport.is_closing():
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        """Say whether a head is there whose answer has not ended (an event stream's lasts for hours)."""
        return not getattr(self.cycle, "response_complete", True)  # None before the first head

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_patience_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self._is_answering() and not self.transport.is_closing():
            log.info("connection.too_slow", waited_s=self.head_patience_s)
            self.transport.close()
