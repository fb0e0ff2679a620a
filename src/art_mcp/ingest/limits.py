"""Limits on what a load reports."""

SHOWN_REFUSALS = 20
"""Maximum number of refused rows listed with their reasons in one response; the rest are only counted."""
