"""Pure judgements (facts) → verdict, and what follows from them: findings, schedule, reports. Nothing is touched here."""
