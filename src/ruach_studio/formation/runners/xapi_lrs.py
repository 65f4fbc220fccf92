"""Turn statements into POSTs to a learning record store that speaks xAPI 1.0.3 or 2.0.0; off unless configured.

Which answers mean what: 400, 409, 413 and 422 are about the statements; 408, 425, 429 and 5xx about this moment; any other
but success about this service's credentials or address. Some stores answer 409 to a statement that they hold already: then
the one they hold is fetched, and is no error if it is the same.
"""

from collections.abc import Mapping, Sequence

import httpx

from ruach_studio.formation.ports import RecordStoreClosed, StatementsRefused
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Unavailable

log = get_logger(__name__)
_ABOUT_STATEMENTS = {400, 409, 413, 422}
_ABOUT_NOW = {408, 425, 429}


class RecordStoreUnavailable(Unavailable):
    """The learning record store does not answer right now."""

    code = "xapi_store_unavailable"


class XapiLrs:
    """A StatementSink over `POST {endpoint}/statements`."""

    def __init__(
        self, client: httpx.AsyncClient, endpoint: str, user: str | None, password: str | None, *, version: str,
        timeout_s: float = 30.0,
    ) -> None:  # fmt: skip
        """Take where to send and as whom; `client` is the caller's to close."""
        self.name = endpoint.rstrip("/")
        self._client, self._timeout_s, self._version = client, timeout_s, version
        self._auth = None if user is None else httpx.BasicAuth(user, password or "")
        self._headers = {"X-Experience-API-Version": version, "Accept": "application/json"}

    async def check(self) -> None:
        """Raise RecordStoreClosed if the store says that it does not speak our version; saying nothing is no refusal."""
        answer = await self._ask("GET", "/about")
        try:
            spoken = answer.json()["version"] if answer.is_success else [self._version]
        except (ValueError, KeyError, TypeError):
            log.info("xapi.about.unreadable", sink=self.name)
            return
        if isinstance(spoken, list) and self._version not in spoken:
            raise RecordStoreClosed(
                f"it speaks xAPI {', '.join(map(str, spoken))}, not {self._version}", subject=self.name,
                remedy="Set RUACH_XAPI_VERSION to one that it speaks.",
            )  # fmt: skip

    async def store(self, statements: Sequence[Mapping[str, object]]) -> None:
        """Store all or raise, as the port says."""
        answer = await self._ask("POST", "/statements", json=list(statements))
        if answer.is_success:
            return
        status = answer.status_code
        if status == httpx.codes.CONFLICT and len(statements) == 1 and await self._stands(statements[0]):
            return
        if status in _ABOUT_STATEMENTS:
            raise StatementsRefused(
                f"HTTP {status}: {_words(answer)}", subject=self.name, remedy="See the store's log.", status=status
            )
        raise RecordStoreClosed(
            f"HTTP {status}: {_words(answer)}", subject=self.name,
            remedy="Check RUACH_XAPI_URL, RUACH_XAPI_USER and RUACH_XAPI_PASSWORD.",
        )  # fmt: skip

    async def _stands(self, statement: Mapping[str, object]) -> bool:
        answer = await self._ask("GET", "/statements", params={"statementId": str(statement["id"])})
        try:
            held = answer.json() if answer.is_success else None
        except ValueError:
            held = None
        return held is not None and _core(held) == _core(statement)

    async def _ask(
        self, method: str, path: str, *, json: object = None, params: dict[str, str] | None = None
    ) -> httpx.Response:
        try:
            answer = await self._client.request(
                method, self.name + path, json=json, params=params, headers=self._headers, auth=self._auth,
                timeout=self._timeout_s, follow_redirects=False,
            )  # fmt: skip
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise RecordStoreUnavailable(said, subject=self.name, remedy="It is tried again.") from error
        if answer.status_code in _ABOUT_NOW or answer.is_server_error:
            fact = f"HTTP {answer.status_code}: {_words(answer)}"
            raise RecordStoreUnavailable(fact, subject=self.name, remedy="It is tried again.")
        return answer


def _core(statement: object) -> tuple[object, ...]:
    """Return what a store may not rewrite: whose, which verb, on what, in which enrollment (displays and forms it may)."""
    places = (("id",), ("actor", "account"), ("verb", "id"), ("object", "id"), ("context", "registration"))
    found = []
    for place in places:
        part = statement
        for name in place:
            part = part.get(name) if isinstance(part, Mapping) else None
        found.append(part)
    return tuple(found)


def _words(answer: httpx.Response) -> str:
    return " ".join(answer.text.split())[:400] or answer.reason_phrase
