"""What the benchmark of the chart runs in the browser, and its table."""
