"""weilend (微贷): judge micro and small businesses from the data they leave behind, and lend to them."""
