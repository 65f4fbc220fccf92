"""Let a dead letter say what it is about and what was measured as it died.

`subject` is the part of the payload by which a later job is the same work ({"sessionId": "s1", "format": "clip_1_1"}); NULL:
no later job settles it. `version_key` names the number in the payload that such a job must reach (a film of EDL 3 does not
stand for one of EDL 4). `facts` are what the alarms count beside the error. Letters from before get the subject that
their job's kind has today. Letters are counted by queue and time, resolved ones too, and an outage ends with the last job
that was done: hence the indexes.
"""

from alembic import op

revision = "0025"
down_revision = "0024"

_COLUMNS = """
ALTER TABLE platform.dead_letter
    ADD COLUMN subject jsonb,
    ADD COLUMN version_key text,
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}'
"""
_SUBJECTS = """
UPDATE platform.dead_letter SET subject = CASE
    WHEN queue = 'render-jobs' AND name = 'render'
        THEN jsonb_build_object('sessionId', payload->'sessionId', 'format', payload->'format')
    WHEN queue = 'assembly-jobs' AND name = 'transcribe'
        THEN jsonb_build_object('sessionId', payload->'sessionId', 'cameraId', payload->'cameraId')
    WHEN queue = 'assembly-jobs' THEN jsonb_build_object('sessionId', payload->'sessionId')
    WHEN queue = 'media-transcoding' THEN jsonb_build_object('derivativeId', payload->'derivativeId')
    WHEN name = 'project' THEN jsonb_build_object('enrollmentId', payload->'enrollmentId')
    WHEN name = 'assess' THEN jsonb_build_object('reflectionId', payload->'reflectionId')
    WHEN name = 'index' THEN jsonb_build_object('contentRef', payload->'contentRef')
END, version_key = CASE WHEN queue = 'render-jobs' THEN 'edlVersion' END
WHERE kind = 'job'
"""


def upgrade() -> None:
    """Add the columns and the indexes; fill the subjects."""
    op.execute(_COLUMNS)
    op.execute(_SUBJECTS)
    op.execute("CREATE INDEX dead_letter_recent ON platform.dead_letter (queue, created_at, id)")
    op.execute("CREATE INDEX execution_done ON platform.execution (queue, name, finished_at) WHERE state = 'completed'")
