"""What every service of the hub stands on: one app factory, one database door, one way to sign in, send and prove."""
