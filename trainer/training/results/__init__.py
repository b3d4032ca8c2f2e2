"""What a run led to: the plot and the picked checkpoint."""
