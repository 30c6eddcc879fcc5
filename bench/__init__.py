"""Ratios against peers, measured in one run: `make bench`. Peers never enter the product's environment."""
