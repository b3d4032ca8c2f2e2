"""How version 0.1 proposed crops, kept to compare with."""
