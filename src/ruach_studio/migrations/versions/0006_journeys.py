"""Make journeys: graphs, enrollments, the journal's one writer, projections, dwell, reflection texts."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
