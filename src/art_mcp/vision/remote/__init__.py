"""What all embedding services on the network have in common: the provider, the transport, how failures are told.

A service brings a client of its own (`provider.Client`), which knows its requests and its answers.
"""
