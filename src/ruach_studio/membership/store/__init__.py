"""The only place of this pillar that speaks SQL."""
