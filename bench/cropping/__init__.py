"""Parts of the benchmark of crops: pictures, contenders, the likeness of two pictures."""
