"""In: policies, logged decisions. Out: what another policy would have brought, trials of it, what would have helped a business."""
