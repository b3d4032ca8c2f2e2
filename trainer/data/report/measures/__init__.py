"""Measures of one picture: sharpness of its edges, detail it holds, traces of compression."""
