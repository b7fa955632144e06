"""The situation: topics that are data, rendered on wall, desk and phone; each figure leads to its rule, rows and action."""
