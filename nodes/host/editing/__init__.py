"""What the editors of the page work on: results of nodes that ran, kept while the server runs."""
