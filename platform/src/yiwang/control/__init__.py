"""The control plane: journal, decisions and repository behind one HTTP API; an installation of its own."""
