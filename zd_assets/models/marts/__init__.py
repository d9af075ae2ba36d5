"""Marts, by day: what people ask of a support team's day, made of facts."""
