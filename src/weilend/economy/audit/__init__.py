"""Is a world honest? How hard it is to judge (`difficulty`), whether anything tells what it must not (`tells`), how near it is
to what is known in public (`marginals`).
"""
