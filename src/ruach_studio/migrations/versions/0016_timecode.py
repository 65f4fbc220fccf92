"""Keep the start timecode of a clip: sync looks there first, and it alone places a camera without sound."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column; clips that are there keep none and are placed by sound, as before."""
    op.execute("ALTER TABLE assembly.clip ADD COLUMN IF NOT EXISTS timecode_s double precision CHECK (timecode_s >= 0)")
