"""Facts ↔ facts, by name in profiles: clocks, signs, names, orders, vouchers, and what a sheet says of itself."""
