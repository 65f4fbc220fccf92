"""Formation: an event-sourced journey through content.

The rules stand as a library (graph check, state, dwell, score, gate, next step, reflection rubric), and so does the journal
table. Nothing is built around them yet: no enrollment, no route, no job.
"""
