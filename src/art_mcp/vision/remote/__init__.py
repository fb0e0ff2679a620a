"""What all embedding services on the network have in common: provider, client, login, transport, replies, errors.

A vendor's module brings a subclass of `client.Client`, which knows its requests and replies, and its error rules.
"""
