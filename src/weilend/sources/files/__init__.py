"""Bytes ↔ sheets of text cells: encodings, workbooks, headers, and how large a file may be."""
