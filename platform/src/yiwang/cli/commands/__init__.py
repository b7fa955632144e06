"""One module a family of commands; each has ``register(app)`` and is found by its presence here."""
