"""What is ordinary: vectors and words that come with art-mcp, against which a question and a painting are judged.

They take the place of statistics of the user's collection, so that the same fit gets the same score in a collection of
5 paintings and of 50,000.
"""
