"""What stands in for others: for tests, and for a dry run without a bill."""
