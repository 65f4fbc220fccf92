"""Turn an older database into the present one: one history for all schemas, run by infra.db.migrate."""
