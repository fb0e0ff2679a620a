"""How much is shown of a load."""

SHOWN_REFUSALS = 20
"""How many refused rows an answer names, each with its reason; the others are only counted."""
