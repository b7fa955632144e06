"""The command line: arguments, tables and --json. It holds no logic."""
