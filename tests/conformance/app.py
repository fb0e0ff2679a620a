"""The server that art-mcp serves, plus what the conformance suite asks for beyond it."""

from fixtures import Events, add_fixtures

from art_mcp.server.app import build_server
from art_mcp.server.http import serve_http
from art_mcp.settings import load_settings

if __name__ == "__main__":
    server = build_server(load_settings())
    add_fixtures(server)
    serve_http(server, "127.0.0.1", 0, event_store=Events(), retry_interval=100)
