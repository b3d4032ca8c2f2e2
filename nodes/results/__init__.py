"""Nodes for what a run left: plot, pick, preview."""
