"""Frozen weights on their way from main memory to the device, ahead of their use."""
