"""Sound scenes of known truth: voices.py speaks, room.py carries, recorder.py writes down, microphone.py does it all."""
