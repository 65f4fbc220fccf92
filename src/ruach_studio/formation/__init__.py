"""Formation: an event-sourced journey through content. So far the journal stands; the journey itself is not built."""
