"""Turn a member's word, given at the desk, into an enrollment."""

from typing import Annotated

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.formation_read import PathId, User, answer_for
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services
from ruach_studio.formation.entrypoints.wire_member import EnrollmentOut, enrollment_out
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH


def register(app: typer.Typer) -> None:
    """Add `enroll` to `ruach formation`."""
    app.command("enroll")(enroll)


def enroll(
    user: User, path_id: PathId = DEFAULT_PATH, json: Json = False,
    acknowledged: Annotated[
        bool, typer.Option("--acknowledged-terms", help="The member has read and acknowledged the covenant's terms.")
    ] = False,
    covenant: Annotated[
        str, typer.Option("--covenant", help="formation_journey (tracked, paced) or resource_explorer (no record).")
    ] = "formation_journey",
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="The member's, an IANA name such as Europe/Paris; UTC at first.")
    ] = None,
) -> None:  # fmt: skip
    """Enroll a member on a path, once: the enrollment and its id stay the same however often this is asked."""

    async def work(services: Services, user_id: str) -> EnrollmentOut:
        done = await enroll_in_formation_path(
            services, user_id, covenant=covenant, acknowledged_terms=acknowledged, path_id=path_id, time_zone=time_zone
        )
        return enrollment_out(done.enrollment, created=done.created)

    found = answer_for(user, work)
    if json:
        show.print_json(found.model_dump(mode="json", by_alias=True))
        return
    told = "enrolled" if found.created else "was enrolled before"
    show.line(f"{escape(user)} {told}: {found.formation_enrollment_id}, {found.path_id} version {found.graph_version}")
