"""Turn a render plan into a picture track, each module by another engine. Only the composition root imports these."""
