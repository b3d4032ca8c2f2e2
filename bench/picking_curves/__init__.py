"""Made-up runs whose best checkpoint is known, and how picks and stops are judged on them."""
