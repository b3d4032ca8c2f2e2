"""Which parts of each picture to train on: shots, framing, boxes by hand."""
