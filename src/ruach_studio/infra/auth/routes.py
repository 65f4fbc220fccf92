"""Turn sign-in, sign-out and the admin's care of accounts and service tokens into HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.auth import passwords, service_tokens, sessions
from ruach_studio.infra.auth.accounts import EMAIL_LENGTH_MAX, EmailTaken, create_account
from ruach_studio.infra.auth.principal import Principal, ServiceToken
from ruach_studio.infra.auth.require import clear_cookie, cookie_name, public, require, set_cookie
from ruach_studio.infra.auth.store import tokens
from ruach_studio.infra.auth.throttle import TooManyLogins
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.http.platform import platform_of
from ruach_studio.infra.routes import Routes

Anyone = Annotated[Principal, Depends(require())]
Admin = Annotated[Principal, Depends(require("admin"))]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class LoginBody(_Wire):
    """What a person types to sign in."""

    email: str = Field(max_length=EMAIL_LENGTH_MAX)
    password: str = Field(max_length=4 * passwords.LENGTH_MAX)


class Me(_Wire):
    """Who acts."""

    account_id: str
    email: str
    roles: list[str]
    scopes: list[str]
    kind: str


class NewAccount(_Wire):
    """An account to make."""

    email: str
    password: str
    roles: list[str]
    display_name: str = Field(default="", max_length=200)


class AccountView(_Wire):
    """An account as it was made."""

    account_id: str
    email: str
    display_name: str
    roles: list[str]


class NewToken(_Wire):
    """A service token to make."""

    name: str
    roles: list[str]
    scopes: list[str]
    expires_at: AwareDatetime | None = None


class TokenView(_Wire):
    """A service token without its secret."""

    token_id: str
    name: str
    roles: list[str]
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class IssuedTokenView(TokenView):
    """A new service token; `secret` is shown this once."""

    secret: str


def router() -> Routes:
    """Return the routes under /auth; they find the database on `app.state.platform`."""
    auth = Routes(prefix="/auth", tags=["auth"])
    _add_sign_in(auth)
    _add_accounts(auth)
    _add_tokens(auth)
    return auth


def _add_sign_in(auth: Routes) -> None:
    answers = problem_responses(sessions.WrongCredentials, TooManyLogins)

    @auth.post("/login", summary="Sign in", dependencies=[Depends(public())], responses=answers)
    async def login(body: LoginBody, request: Request, response: Response) -> Me:
        platform = platform_of(request)
        signed_in = await sessions.sign_in(
            platform.database,
            email=body.email,
            password=body.password,
            host=request.client.host if request.client else None,
            at=platform.clock.now(),
            old_token=request.cookies.get(cookie_name(platform.settings)),
        )
        set_cookie(response, platform.settings, signed_in.token)
        account = signed_in.account
        return _me(Principal(account.account_id, account.email, account.roles))

    @auth.post("/logout", summary="Sign out", status_code=204, dependencies=[Depends(public())])
    async def logout(request: Request, response: Response) -> None:
        platform = platform_of(request)
        token = request.cookies.get(cookie_name(platform.settings))
        if token:
            await sessions.sign_out(platform.database, token)
        clear_cookie(response, platform.settings)

    @auth.get("/me", summary="Who acts")
    async def me(principal: Anyone) -> Me:
        return _me(principal)


def _add_accounts(auth: Routes) -> None:
    @auth.post("/accounts", summary="Make an account", status_code=201, responses=problem_responses(EmailTaken))
    async def add_account(body: NewAccount, request: Request, admin: Admin) -> AccountView:
        platform = platform_of(request)
        async with platform.database.transaction() as tx:
            made = await create_account(
                tx, body.email, body.password, body.roles,
                display_name=body.display_name, actor=admin.actor, at=platform.clock.now(),
            )  # fmt: skip
        return AccountView(
            account_id=made.account_id, email=made.email, display_name=made.display_name, roles=sorted(made.roles)
        )


def _add_tokens(auth: Routes) -> None:
    @auth.get("/service-tokens", summary="List service tokens")
    async def list_tokens(request: Request, _admin: Admin) -> list[TokenView]:
        async with platform_of(request).database.connection() as conn:
            return [TokenView.model_validate(_token(each)) for each in await tokens.every(conn)]

    @auth.post("/service-tokens", summary="Issue a service token", status_code=201)
    async def issue(body: NewToken, request: Request, admin: Admin) -> IssuedTokenView:
        platform = platform_of(request)
        async with platform.database.transaction() as tx:
            issued = await service_tokens.issue_service_token(
                tx,
                name=body.name,
                roles=body.roles,
                scopes=body.scopes,
                created_by=admin,
                expires_at=body.expires_at,
                at=platform.clock.now(),
            )
        return IssuedTokenView.model_validate({**_token(issued.token), "secret": issued.secret})

    @auth.delete(
        "/service-tokens/{token_id}", summary="Revoke a service token", status_code=204,
        responses=problem_responses(service_tokens.NoSuchToken),
    )  # fmt: skip
    async def revoke(token_id: str, request: Request, admin: Admin) -> None:
        platform = platform_of(request)
        async with platform.database.transaction() as tx:
            await service_tokens.revoke_service_token(tx, token_id, actor=admin.actor, at=platform.clock.now())


def _me(principal: Principal) -> Me:
    return Me(
        account_id=principal.account_id,
        email=principal.email,
        roles=sorted(principal.roles),
        scopes=sorted(principal.scopes),
        kind=principal.kind,
    )


def _token(token: ServiceToken) -> dict[str, object]:
    return {
        "token_id": token.token_id,
        "name": token.name,
        "roles": sorted(token.roles),
        "scopes": sorted(token.scopes),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
