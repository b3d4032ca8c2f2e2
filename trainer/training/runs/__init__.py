"""The run folder: events, saves, state, history."""
