"""Turn the sample path that ships into version 1, once: where its path has a version already, nothing happens."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.publish_path_file import GraphMoved, PathFile, publish_path_file

REASON = "the sample path that ships with Ruach Studio"


async def install_sample_path(services: FormationServices, path: PathFile, *, actor: str) -> int:
    """Publish `path` if nothing is published under its id; return the version that stands."""
    async with services.database.connection() as conn:
        version = await graphs.current_version(conn, path.path_id)
    if version is not None:
        return version
    try:
        return (await publish_path_file(services, path, expected_version=None, reason=REASON, actor=actor)).graph.version
    except GraphMoved as error:  # somebody else was quicker
        return int(str(error.details["currentVersion"]))
