"""Yiwang 一网: one distribution of a province's digital hub, defined in Python and put on every tier in the same version."""
