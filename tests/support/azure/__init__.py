"""A stand-in of Azure AI Vision's multimodal embeddings: a real HTTP server that behaves as the service does.

    standin = AzureStandIn(rate=20)
    with serving(standin) as endpoint:  # or `async with serve(standin) as endpoint`
        ...  # POST {endpoint}/computervision/retrieval:vectorizeImage with the header Ocp-Apim-Subscription-Key: KEY
    assert standin.calls.billed(digest(picture)) == 1

Its vectors are made up, with the geometry of real ones. It trusts its caller, so it listens on loopback only.
"""

from support.azure.calls import Call, Calls, digest
from support.azure.faults import FOREVER, KINDS, Fault
from support.azure.serving import serve, serving
from support.azure.standin import KEY, AzureStandIn

__all__ = ["FOREVER", "KEY", "KINDS", "AzureStandIn", "Call", "Calls", "Fault", "digest", "serve", "serving"]
