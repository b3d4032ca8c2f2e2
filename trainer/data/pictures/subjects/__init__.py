"""Finding the subjects of a picture without a neural network: where they are, how they stand."""
