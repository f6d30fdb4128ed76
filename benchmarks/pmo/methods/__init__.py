"""What is compared on PMO: everything that can propose molecules and be told their scores."""
