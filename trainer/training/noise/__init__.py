"""Noise levels, noise, and the random numbers behind them."""
