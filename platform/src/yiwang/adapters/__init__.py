"""The only code that touches the world: processes, files, engines, the network, signatures."""
