"""The only place of infra.auth that speaks SQL."""
