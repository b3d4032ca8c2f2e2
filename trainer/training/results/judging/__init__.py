"""Reading measurements: a smooth curve with its uncertainty, the best place, when to stop."""
