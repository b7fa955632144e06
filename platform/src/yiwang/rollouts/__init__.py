"""The pure decision core of rollouts: (state, event, now) → (state, orders). No clock, no disk, no network."""
