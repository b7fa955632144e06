"""Between tiers: committed rows become numbered, chained, signed envelopes that arrive once and in order, or say why not.

The database is the truth; what carries may lose, double and reorder. DESIGN §5 is the specification.
"""

from yiwang_kit.exchange.contracts import Handler
from yiwang_kit.exchange.envelope import Envelope, ExchangeReject
from yiwang_kit.exchange.exchange import Exchange
from yiwang_kit.exchange.links import LinkStatus

__all__ = ["Envelope", "Exchange", "ExchangeReject", "Handler", "LinkStatus"]
