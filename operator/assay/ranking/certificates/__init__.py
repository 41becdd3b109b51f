"""Whether a proxy ranks as the reference does: the decision, at looks fixed in advance, for several proxies, and what
it would take. How uncertain the true order is, is estimated in `true_orders`."""
