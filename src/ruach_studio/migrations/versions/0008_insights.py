"""Make axioms, insights and votes, with five axioms to begin with.

The words that the checks allow stand here a second time on purpose: a migration is history and must not change with the
code. An insight's text can be erased by its author; the row stays, so that nothing that was decided about it is lost.
"""

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"

_PHASE = "('awakening', 'separation', 'discernment', 'commission', 'stewardship')"
_TABLES = f"""
CREATE TABLE formation.axiom (
    axiom_id text PRIMARY KEY CHECK (axiom_id ~ '^axiom-[a-z0-9]+(-[a-z0-9]+)*$'),
    number integer NOT NULL UNIQUE CHECK (number > 0),
    title text NOT NULL CHECK (title <> ''),
    definition text NOT NULL CHECK (definition <> ''),
    canon_level text NOT NULL CHECK (canon_level IN ('Foundation', 'Core', 'Support', 'Corrective')),
    tier smallint NOT NULL CHECK (tier BETWEEN 1 AND 4),
    category text NOT NULL,
    sensitivity text NOT NULL CHECK (sensitivity IN ('Low', 'Medium', 'High', 'Critical')),
    unlock_phase text NOT NULL CHECK (unlock_phase IN {_PHASE}),
    related text[] NOT NULL DEFAULT '{{}}',
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);
CREATE TABLE formation.insight (
    insight_id uuid PRIMARY KEY,
    enrollment_id uuid NOT NULL REFERENCES formation.enrollment (enrollment_id),
    user_id text NOT NULL,
    reflection_id uuid REFERENCES formation.reflection (reflection_id),
    phase text NOT NULL CHECK (phase IN {_PHASE}),
    text text,
    text_sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('submitted', 'approved', 'published', 'rejected', 'erased')),
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    reason text NOT NULL DEFAULT '',
    published_at timestamptz,
    erased_at timestamptz,
    CHECK ((text IS NULL) = (state = 'erased')),
    CHECK ((erased_at IS NULL) = (state <> 'erased')),
    CHECK (state <> 'published' OR published_at IS NOT NULL)
);
CREATE UNIQUE INDEX insight_once ON formation.insight (user_id, text_sha256) WHERE state <> 'erased';
CREATE INDEX insight_of_user ON formation.insight (user_id, submitted_at);
CREATE INDEX insight_published ON formation.insight (published_at, insight_id) WHERE state = 'published';
CREATE INDEX insight_waiting ON formation.insight (state, submitted_at, insight_id) WHERE state <> 'published';
CREATE INDEX insight_of_reflection ON formation.insight (reflection_id) WHERE reflection_id IS NOT NULL;
CREATE TABLE formation.insight_vote (
    insight_id uuid NOT NULL REFERENCES formation.insight (insight_id),
    user_id text NOT NULL,
    vote text NOT NULL CHECK (vote IN ('helpful', 'profound', 'needs_work')),
    voted_at timestamptz NOT NULL,
    PRIMARY KEY (insight_id, user_id)
)
"""
_INSERT = text(
    "INSERT INTO formation.axiom (axiom_id, number, title, definition, canon_level, tier, category, sensitivity,"
    " unlock_phase, related, updated_at, updated_by) VALUES (:axiom_id, :number, :title, :definition, :canon_level, :tier,"
    " :category, :sensitivity, :unlock_phase, :related, now(), 'system:migration')"
)
# Our own words. An operator may rewrite them.
_AXIOMS = (
    ("axiom-scripture", "Scripture",
     "God has spoken, and what he said is written down. Scripture is the measure that nothing else measures: feelings,"
     " traditions, teachers and this guidebook are tested by it, and it is read as a whole, with Christ at its centre.",
     "Foundation", 1, "Scripture", "Low", "awakening", ["axiom-trinity"]),
    ("axiom-trinity", "Trinity",
     "God is one, and he is Father, Son and Holy Spirit: not three gods, and not one who changes masks. Before anything"
     " was made there was love in God himself. To know him is to be brought into that love: by the Spirit, through the"
     " Son, to the Father.",
     "Foundation", 1, "God", "Medium", "awakening", ["axiom-scripture", "axiom-grace"]),
    ("axiom-grace", "Grace",
     "Nobody earns their way to God. He gave himself in Christ while we were against him, and what he gives is received"
     " with empty hands. Grace does not lower what is asked; it raises the one who could not do it, and formation is an"
     " answer to it, never its price.",
     "Foundation", 1, "Salvation", "Low", "awakening", ["axiom-lordship"]),
    ("axiom-lordship", "Lordship",
     "Jesus Christ is Lord: risen, reigning, and owed everything. No part of a life is kept out of his hands, neither work"
     " nor money, body nor plans. To obey him is not to lose oneself but to come home to the one for whom we were made.",
     "Core", 1, "Christ", "Medium", "separation", ["axiom-grace", "axiom-warfare"]),
    ("axiom-warfare", "Warfare",
     "There is an enemy who lies, accuses and enslaves, and people are not that enemy. Christ has disarmed him at the"
     " cross. We stand in that victory with truth, repentance, prayer and patience, and we never fight in our own name or"
     " out of fear.",
     "Core", 1, "Warfare", "High", "discernment", ["axiom-lordship", "axiom-scripture"]),
)  # fmt: skip
_FIELDS = ("axiom_id", "title", "definition", "canon_level", "tier", "category", "sensitivity", "unlock_phase", "related")


def upgrade() -> None:
    """Create the tables and write the five axioms."""
    op.execute(_TABLES)
    connection = op.get_bind()
    for number, row in enumerate(_AXIOMS, 1):
        values = dict(zip(_FIELDS, row, strict=True))
        connection.execute(_INSERT, {**values, "number": number})
