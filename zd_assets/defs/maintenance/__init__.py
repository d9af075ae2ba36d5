"""What keeps the instance small."""
