"""Skills: what their content is, and how the verdicts on them stand."""
