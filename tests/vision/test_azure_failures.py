"""docs/azure-failures.md: what happens at each failure of the service, as it happens against the stand-in."""

from __future__ import annotations

import re

import pytest
from inline_snapshot import external_file
from PIL import Image
from pydantic import SecretStr
from support.azure import KINDS, AzureStandIn, digest, serve
from support.remote import KEY, OnePass, Words

from art_mcp.images.picture import Picture
from art_mcp.settings import AZURE_API_VERSION, AZURE_MODEL_VERSION
from art_mcp.vision.azure import AzureClient
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.preparation import jpeg
from art_mcp.vision.remote.provider import RemoteProvider

pytestmark = pytest.mark.anyio

THEN = {Fault.BUSY: "wait", Fault.SERVICE: "retry", Fault.SETUP: "stop"}
HEAD = """\
# What happens when Azure fails

What art-mcp does and says for each way in which Azure AI Vision fails. Each line comes from a call to a stand-in
(`tests/support/azure`) that fails as the service does. Paid embeddings are kept in every case, and no message contains
a key or a token. The reactions are:

- **retry**: the call is repeated, up to five times after growing random waits. If only this picture fails, it is
  refused; if every call fails, all calls wait, from 5 s to 5 min, and the run stops after 15 min.
- **wait**: all calls wait as long as the service says, and are slower afterwards; the call is repeated.
- **stop**: the run stops at once and can be resumed; searches continue by words.

| failure | reaction | message |
| --- | --- | --- |
"""


async def row(standin: AzureStandIn, endpoint: str, kind: str) -> str:
    # A picture of its own for each, so that a call that comes late meets no other's fault.
    image = Image.new("RGB", (64 + list(KINDS).index(kind), 48))
    fault = standin.fault(kind, where=digest(jpeg(image)))
    client = AzureClient(
        endpoint,
        SecretStr(KEY),
        api_version=AZURE_API_VERSION,
        model_version=AZURE_MODEL_VERSION,
        deadline=3.0 if kind in ("hang", "drip") else 30.0,
    )
    provider = RemoteProvider(client, pacer=OnePass(), local=Words())
    with pytest.raises(VisionError) as raised:
        await provider.embed_images([Picture(image, b"", *image.size, "PNG")])
    await provider.aclose()
    fault.left = 0
    said = re.sub(r"(, )?request [\w-]{36}(, region [\w ]+)?", "", str(raised.value)).replace(" ()", "")
    said = re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", "DATE", said).replace("127.0.0.1", "HOST")
    said = re.sub(r"in \d+ s\.", "in N s.", said)
    return f"| {kind} | {THEN[raised.value.fault]} | {said} |\n"


@pytest.mark.snapshot
async def test_the_document_says_what_happens() -> None:
    standin = AzureStandIn(keys=(KEY,), rate=1000)
    async with serve(standin) as endpoint:
        document = HEAD + "".join([await row(standin, endpoint, kind) for kind in KINDS])
    assert document == external_file("../../docs/azure-failures.md", format=".txt")
