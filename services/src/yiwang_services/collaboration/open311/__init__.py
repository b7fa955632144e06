"""The public door: Open311 GeoReport v2, so that programs of citizens and other cities report without an account."""
