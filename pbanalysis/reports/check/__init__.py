"""What was delivered, held against the store and made again: reading, naming, verifying, packing."""
