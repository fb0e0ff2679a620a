"""Tables that list paintings, in any format."""
