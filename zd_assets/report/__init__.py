"""The charts of the marts, and the support report."""
