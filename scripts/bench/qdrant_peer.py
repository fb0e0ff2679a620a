"""mcp-server-qdrant in its local mode, with vectors made beforehand: `qdrant_peer.py FOLDER`, in the peers' venv."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from mcp_server_qdrant.embeddings.base import EmbeddingProvider
from mcp_server_qdrant.mcp_server import QdrantMCPServer
from mcp_server_qdrant.settings import QdrantSettings, ToolSettings
from qdrant_client import QdrantClient, models

NAME = "bench"
BATCH = 500


class MadeBeforehand(EmbeddingProvider):
    def __init__(self, questions: dict[str, list[float]]) -> None:
        self._questions = questions

    async def embed_documents(self, documents: list[str]) -> list[list[float]]:
        raise NotImplementedError

    async def embed_query(self, query: str) -> list[float]:
        return self._questions[query]

    def get_vector_name(self) -> str:
        return NAME

    def get_vector_size(self) -> int:
        return len(next(iter(self._questions.values())))


def load(vectors: np.ndarray, storage: Path) -> None:
    client = QdrantClient(path=str(storage))
    if not client.collection_exists(NAME):
        size = models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE)
        client.create_collection(NAME, vectors_config={NAME: size})
        for start in range(0, len(vectors), BATCH):
            part = vectors[start : start + BATCH].astype(np.float32).tolist()
            ids = list(range(start, start + len(part)))
            payloads = [{"document": f"painting {id_}", "metadata": None} for id_ in ids]
            client.upsert(NAME, models.Batch(ids=ids, vectors={NAME: part}, payloads=payloads))
    client.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    load(np.load(folder / "vectors.npy"), folder / "storage")
    QdrantMCPServer(
        tool_settings=ToolSettings(),
        qdrant_settings=QdrantSettings(COLLECTION_NAME=NAME, QDRANT_LOCAL_PATH=str(folder / "storage")),
        embedding_provider=MadeBeforehand(json.loads((folder / "questions.json").read_text())),
    ).run(transport="stdio")
