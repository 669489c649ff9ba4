"""What the results of policy tests say about the policies: which rules were tried, and what nearly decided."""
