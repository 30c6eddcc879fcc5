"""The vocabulary: records, money, time, ids, errors. Pure; imports nothing of the house."""
