"""Papers and messages that are no tables: bank statements, invoices, tax returns, and documented JSON for what has no format."""
