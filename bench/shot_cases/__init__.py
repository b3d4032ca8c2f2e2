"""Pictures with known truth for bench/shots.py: drawn figures, photographs, and how to judge."""
