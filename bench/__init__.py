"""Benchmarks: each file has a main() that measures interleaved and returns its results."""
