"""Faults, lies and kill -9 for as long as wished: `make torture MINUTES=10`.

Each round takes one export by one of its paginations, lets real processes fetch a range through
a proxy that breaks and lies, kills some of them, changes items meanwhile, and then compares what
the lake holds with what the API has. `make test` plays a few rounds only.
"""
