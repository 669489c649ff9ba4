"""What `clawforge ci` does in a pipeline: one file for each service that runs pipelines, and for each forge."""
