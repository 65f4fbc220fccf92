"""How the outside reaches formation. So far only its readiness; routes come with the journey."""
