"""In: a flat table of anything. Out: a guarded, judged model in a folder, and scores of other tables."""
