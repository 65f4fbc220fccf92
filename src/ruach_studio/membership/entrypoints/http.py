"""Turn Stripe's webhook, two questions and an operator's word into membership's use cases.

The webhook is public because Stripe cannot sign in; the signature over the raw body, which only the holder of the
endpoint's secret can make, is its guard. Stripe's own library checks it, and that it is at most five minutes old.
"""

import json
from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request
from stripe import SignatureVerificationError, WebhookSignature

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.http.access import public
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.routes import Routes
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.errors import Malformed, Unavailable
from ruach_studio.kernel.hashing import sha256_hex
from ruach_studio.kernel.ids import checked_uuid4
from ruach_studio.membership.billing import Keys
from ruach_studio.membership.entrypoints.wire import EventsOut, LinkRequest, StandingOut, TakenOut, events_out, standing_out
from ruach_studio.membership.ports import MembershipServices
from ruach_studio.membership.stripe_events import StripeEvent, read_event
from ruach_studio.membership.usecases.link_account import link_account
from ruach_studio.membership.usecases.list_events import list_events
from ruach_studio.membership.usecases.read_standing import read_standing
from ruach_studio.membership.usecases.take_event import take_event

TOLERANCE_S = 300
LIMIT_MAX = 500
SEQ_MAX = 2**63 - 1  # the database's bigint
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}

log = get_logger(__name__)
Member = Annotated[Principal, Depends(require("member", "operator"))]
Reader = Annotated[Principal, Depends(require("operator", scope="membership:read"))]
Writer = Annotated[Principal, Depends(require("operator", scope="membership:write"))]


class BadSignature(Malformed):
    """The Stripe-Signature header does not fit this body."""

    code = "bad_signature"


class StripeNotConfigured(Unavailable):
    """This service does not know the secret that Stripe signs with."""

    code = "stripe_not_configured"


def router(services: MembershipServices) -> Routes:
    """Return the routes under /webhooks and /membership."""
    api = Routes(tags=["membership"])

    @api.post(
        "/webhooks/stripe", dependencies=[Depends(public())], openapi_extra=_BODY,
        responses=problem_responses(BadSignature, StripeNotConfigured),
    )  # fmt: skip
    async def stripe(request: Request) -> TakenOut:
        """Take one event from Stripe. Sent again, it changes nothing; older than what is known, it changes nothing."""
        secret = _secret(services.settings)
        body = await request.body()
        event = _verified(body, request.headers.get("stripe-signature"), secret)
        taken = await take_event(services, event, payload_sha256=sha256_hex(body))
        return TakenOut(effect=taken.effect, linked=taken.linked)

    @api.get("/membership/me")
    async def me(caller: Member) -> StandingOut:
        """Show what you may use and why."""
        return standing_out(caller.account_id, await read_standing(services, caller.account_id))

    @api.get("/membership/events")
    async def events(
        _: Reader, *, unlinked: bool = False, before: Annotated[int | None, Query(ge=1, le=SEQ_MAX)] = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 100,
    ) -> EventsOut:  # fmt: skip
        """List Stripe's events, newest first; `unlinked`: those whose subscription or course has no account yet."""
        return events_out(await list_events(services, unlinked=unlinked, before=before, limit=limit), limit)

    @api.post("/membership/links")
    async def link(body: LinkRequest, operator: Writer) -> StandingOut:
        """Say whose a subscription or a course is; the answer is that account's standing."""
        account_id = checked_uuid4(body.account_id, field="accountId")
        thing = Keys(subscription_id=body.subscription_id, checkout_id=body.checkout_id)
        await link_account(services, thing, account_id, actor=operator.actor, reason=body.reason)
        return standing_out(account_id, await read_standing(services, account_id))

    return api


def _secret(settings: Settings) -> str:
    secret = settings.stripe_webhook_secret
    if secret is None or not secret.get_secret_value().strip():
        raise StripeNotConfigured(
            "this service does not know the secret that Stripe signs with", subject="RUACH_STRIPE_WEBHOOK_SECRET",
            remedy="Set it to the endpoint's signing secret (whsec_…); Stripe sends the event again.",
        )  # fmt: skip
    return secret.get_secret_value()


def _verified(body: bytes, header: str | None, secret: str) -> StripeEvent:
    try:
        WebhookSignature.verify_header(body, header, secret, TOLERANCE_S)
    # the library raises UnicodeDecodeError for a body that is no text, TypeError for a signature that is no ASCII
    except (SignatureVerificationError, UnicodeDecodeError, TypeError) as error:
        log.warning("billing.signature.refused", error=type(error).__name__, size_bytes=len(body))
        remedy = "Check the endpoint's signing secret and this machine's clock."
        raise BadSignature(subject="Stripe-Signature", remedy=remedy) from None
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Malformed("the signed body is no JSON object", subject="body", remedy="Send Stripe's own event objects.")
    return read_event(told)
