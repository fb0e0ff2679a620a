"""What all embedding services on the network share; a vendor adds a `client.Client`, its error rules and its login."""
