"""What makes models: their inputs, versions, runs and assertions."""
