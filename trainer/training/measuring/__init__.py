"""What is measured beside training: validation, the probe, memory in use."""
