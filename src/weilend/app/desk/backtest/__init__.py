"""In: policies, a history of applications. Out: what they would have done, what changes from one to another, as pages."""
