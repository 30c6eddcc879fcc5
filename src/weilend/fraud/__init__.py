"""Keeping fraud out: lists of whom not to lend to, names on watch lists, and detectors of what is strange.

`lists` answers in microseconds whether a subject stands on a list, as of any instant and seq of the book; `screening` compares
names; `detectors` say how strange a row of features is, with reasons. numba is imported where a kernel runs and nowhere else.
"""
