"""Turn RUACH_TRUSTED_PROXIES into the addresses whose word on a client's address counts: `10.0.0.7,10.1.0.0/16`."""

from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

LOOPBACK = ("127.0.0.1", "::1")


class ProxySettings(BaseSettings):
    """Who may say `X-Forwarded-For`. Not everybody (`*`): each guess at a password would name an address of its own."""

    trusted_proxies: Annotated[list[str], NoDecode] = Field(default_factory=lambda: list(LOOPBACK))

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take `a,b` as well as a list; nothing means the default."""
        parts = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        return parts or list(LOOPBACK)

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, given: list[str]) -> list[str]:
        return [_checked(each) for each in given]


def _checked(text: str) -> str:
    """Return it in its ordinary form.

    >>> _checked("10.1.0.0/16"), _checked("FD00::0:1")
    ('10.1.0.0/16', 'fd00::1')
    """
    if text == "*":
        raise ValueError("* trusts everybody, and then no limit on sign-ins holds; name the proxies")
    try:
        if "/" not in text:
            return str(ip_address(text))
        network = ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address and no network such as 10.1.0.0/16 (without host bits)") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text} trusts everybody, and then no limit on sign-ins holds; name the proxies")
    return str(network)
