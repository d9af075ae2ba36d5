"""Which exports there are: one frozen record and one schema each."""
