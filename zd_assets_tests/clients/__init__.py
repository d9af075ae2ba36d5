"""Clients that others wrote read the sandbox: `make clients`. Not part of `make test`.

Each has a virtual environment of its own in `.clients/`, installed by name from the package
registry. `shim/` leads what they ask of Zendesk to the sandbox; they don't know of it.
"""
