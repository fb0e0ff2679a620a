"""art-mcp: find paintings by words, by a picture, or by both, from any MCP client."""

import os

# OpenBLAS reads it when numpy loads. The matrices here are small: on more threads, which wait for one another busily,
# they take up to twenty times as long once the cores have other work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
