"""In: sizes and seeds. Out: worlds on disk, their audits and pages, and studies whose truth is known."""
