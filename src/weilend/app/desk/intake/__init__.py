"""In: raw files under a consent. Out: records in the book, rejects in quarantine, and where every row went."""
