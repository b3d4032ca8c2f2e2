"""The library of runs: what each left on disk, read cheaply and often, also while it trains."""
