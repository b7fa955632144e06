"""Orders for demonstrations: invented, the same for the same seed, marked as generated in every row, removable."""
