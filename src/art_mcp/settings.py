"""All ART_MCP_* settings, validated at start.

Their sources, in order of precedence, are the environment, `--env-file`, and `.env` in the user's configuration
folder. A `.env` in the working directory is never read, since it may belong to a hostile workspace.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from art_mcp.account import Budget
from art_mcp.errors import ArtMcpError

PREFIX = "ART_MCP_"
ENV_FILE = f"{PREFIX}ENV_FILE"
"""The variable that names the file of `--env-file`: in a container, one with secrets."""
APP_NAME = "art-mcp"
PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
"""What a client should have replaced in a variable of the environment; a value with one counts as not set."""
MAX_DISPLAY_SIZE = 4096
MIN_SECRET_KEY = 32
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
"""This machine, as it stands in a URL."""
AZURE_API_VERSION, AZURE_MODEL_VERSION = "2024-02-01", "2023-04-15"


class SettingsError(ArtMcpError):
    """A setting has an invalid value."""


def user_env_file() -> Path:
    """The `.env` file that is read by default."""
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / ".env"


def default_image_dirs() -> tuple[Path, ...]:
    """The folders in which people have pictures, and those in which local chat clients store attachments."""
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without a home
        return ()
    own = platformdirs.user_pictures_path(), platformdirs.user_downloads_path(), platformdirs.user_desktop_path()
    # Without such folders in the user's configuration, the home folder itself is named there.
    return (*(each for each in own if each != home), home / ".cursor" / "projects", home / ".claude" / "image-cache")


def default_data_dir() -> Path:
    """The user's data folder; on Windows, one that every program sees.

    What a packaged program such as Claude Desktop, or a server that it starts, writes into AppData, Windows puts into a
    folder of that program: chats and the command line would have two halves of one database.
    """
    if sys.platform == "win32":
        return Path.home() / f".{APP_NAME}"
    return platformdirs.user_data_path(APP_NAME, appauthor=False)


def variable(field: str) -> str:
    """The environment variable of a field, e.g. `ART_MCP_DATA_DIR`."""
    return PREFIX + field.upper()


class Settings(BaseModel):
    """All settings; `.env.example` is generated from the fields' descriptions."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=variable),
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        validate_default=True,
    )

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL server (15 or newer, with pgvector 0.7 or newer) to use instead of the embedded one. "
        "TLS is required and verified unless the host is this machine; add sslrootcert=FILE for a private "
        "certificate authority, or sslmode=disable on a network that you trust.",
        examples=["postgresql://USER:PASSWORD@HOST:5432/DATABASE"],
    )
    citus_shards: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Number of shards over which to distribute the tables of paintings on a Citus cluster, when "
        "they are created or at the next start; about the number of workers is fastest. Default: no distribution. "
        "Tables that are already distributed do not change.",
        examples=["4"],
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the embedded database. Default: the user's data folder (on Windows, .art-mcp in the "
        "home folder). PostgreSQL does not run as "
        "root, so for root the data is in /var/lib/art-mcp (in a container, mount the volume there), in a separate "
        "folder for each value of this setting.",
        examples=["/srv/art-mcp"],
    )
    image_dirs: tuple[Path, ...] = Field(
        default_factory=default_image_dirs,
        description="Folders from which the tools may read pictures and collections, separated as in PATH "
        "(':' on Linux and macOS, ';' on Windows). Default: the user's Pictures, Downloads and Desktop folders, "
        "and those in which Cursor and Claude Code store pictures attached to a chat; none over HTTP.",
        examples=["/home/me/Pictures:/srv/scans"],
    )
    vision: Literal["local", "onnx-pair", "azure", "http"] | None = Field(
        None,
        description="Embedding provider of a new database: local (the built-in model), onnx-pair (a model pulled with "
        "`art-mcp models pull`), azure (Azure AI Vision) or http (another service, or your own server). Default: azure "
        "if ART_MCP_AZURE_ENDPOINT is set, else http if ART_MCP_HTTP_URL is set, else onnx-pair if a model is pulled "
        "or ART_MCP_ONNX_PAIR_MODEL is set, else local. An existing database keeps the provider that embedded its "
        "pictures.",
        examples=["azure"],
    )
    onnx_pair_model: str | None = Field(
        None,
        pattern="^[a-z0-9-]{1,40}$",
        description="Name of the pulled model to use, from `art-mcp models list`. Default: the one pulled last.",
        examples=["siglip2-b16-224"],
    )
    azure_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("ART_MCP_AZURE_ENDPOINT", "VISION_ENDPOINT"),
        description="Endpoint of the Azure AI Vision (or Foundry) resource. VISION_ENDPOINT is also read.",
        examples=["https://NAME.cognitiveservices.azure.com"],
    )
    azure_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("ART_MCP_AZURE_KEY", "VISION_KEY"),
        description="Key of that resource. VISION_KEY is also read. Without a key, art-mcp signs in with Entra ID, "
        "which needs the extra azure.",
        examples=["KEY"],
    )
    azure_rate: float = Field(
        10,
        gt=0,
        le=1000,
        description="Rate limit of the resource in calls per second: 0.33 for F0, 10 for S1, 20 for newer S1 "
        "resources. If the service allows less, art-mcp detects it and slows down.",
        examples=["20"],
    )
    azure_api_version: str = Field(
        AZURE_API_VERSION, description="Version of the Azure AI Vision API.", examples=[AZURE_API_VERSION]
    )
    azure_model_version: str = Field(
        AZURE_MODEL_VERSION,
        description="Version of the Azure model. Vectors of different versions are not comparable, so each version "
        "has its own embedding space.",
        examples=[AZURE_MODEL_VERSION],
    )
    http_url: str | None = Field(
        None,
        description="Full URL of an embedding service, including the path. It must use https, except on this machine.",
        examples=["http://127.0.0.1:8000/v1/embeddings"],
    )
    http_dialect: Literal["openai", "vllm", "cohere"] = Field(
        "openai",
        description="Request format of that service: openai (texts and images in `input`, for Jina and SGLang), vllm "
        "(`messages`, for vLLM) or cohere (API version 2, also in Azure Foundry).",
        examples=["vllm"],
    )
    http_model: str | None = Field(
        None,
        pattern="^[!-~]{1,200}$",
        description="Name of its model or deployment. The model must embed both pictures and text.",
        examples=["openai/clip-vit-base-patch32"],
    )
    http_dimensions: int | None = Field(
        None, ge=1, le=4000, description="Number of dimensions of its vectors.", examples=["512"]
    )
    http_shorten: bool = Field(
        False,
        description="Request vectors of ART_MCP_HTTP_DIMENSIONS dimensions. Only some models (Matryoshka) can shorten "
        "their vectors; others reject the call.",
        examples=["true"],
    )
    http_key: SecretStr | None = Field(None, description="API key of that service, if it needs one.", examples=["KEY"])
    http_key_header: str = Field(
        "Authorization",
        pattern="^[A-Za-z0-9-]{1,100}$",
        description="HTTP header for that key, e.g. api-key for Azure Foundry. Default: Authorization, as a bearer "
        "token.",
        examples=["api-key"],
    )
    http_rate: float = Field(
        10,
        gt=0,
        le=1000,
        description="Rate limit of that service in calls per second, each with one picture or text. If the service "
        "allows less, art-mcp detects it and slows down.",
        examples=["6.6"],
    )
    budget_minute: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Maximum paid calls per minute. Default: no limit.", examples=["600"]
    )
    budget_day: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Maximum paid calls per day (UTC). Default: no limit.", examples=["20000"]
    )
    budget_month: int | None = Field(
        None,
        ge=1,
        le=2**31 - 1,
        description="Maximum paid calls per month (UTC). Default: no limit.",
        examples=["5000"],
    )
    budget_money: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Maximum cost per month (UTC), in the currency of ART_MCP_PRICE_PER_1000, which must be set.",
        examples=["5"],
    )
    price_per_1000: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Price of 1,000 calls, from the service's price list.",
        examples=["0.10"],
    )
    ask_above: int = Field(
        1000,
        ge=0,
        description="Number of paid calls above which loading a collection asks for your consent, if your chat "
        "client supports that.",
        examples=["0"],
    )
    display_size: int = Field(
        1024,
        ge=320,
        le=MAX_DISPLAY_SIZE,
        description="Longer side in pixels of the stored display picture. A change applies to paintings loaded "
        "after it.",
        examples=["2048"],
    )
    pictures: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether tools return pictures: auto (not to clients that are known to write them into the chat "
        "as text), always or never. With never, answers cost fewer tokens, and their text says the same.",
        examples=["never"],
    )
    uploads: bool = Field(
        True,
        description="Offer an upload page for a picture that only the user has. Over stdio, it is on a free port of "
        "127.0.0.1, which closes 30 minutes after the last use.",
        examples=["false"],
    )
    read_only: bool = Field(False, description="Disable the tools that change collections.", examples=["true"])
    public_url: str | None = Field(
        None,
        description="Address at which clients reach `art-mcp serve --transport streamable-http`, without a path: "
        "https, except on this machine. It turns access control on, which a --host beyond this machine requires; "
        "links to the upload page begin with it, and requests for another host are refused.",
        examples=["https://art.example.org"],
    )
    oidc_issuer: str | None = Field(
        None,
        description="OpenID Connect issuer whose access tokens are accepted in addition to those of `art-mcp token`, "
        "exactly as its tokens name it. They must be JSON Web Tokens with the scopes art:read or art:ingest.",
        examples=["https://login.microsoftonline.com/TENANT/v2.0"],
    )
    oidc_audience: str | None = Field(
        None,
        pattern="^[!-~]{1,400}$",
        description="Audience (aud) that these tokens must have; for Entra ID, the application's client id. Default: "
        "ART_MCP_PUBLIC_URL followed by /mcp.",
        examples=["CLIENT_ID"],
    )
    oidc_scope_prefix: str = Field(
        "",
        pattern="^[!#-\\[\\]-~]{0,400}$",
        description="Prefix of art:read and art:ingest when clients request a token from this issuer. Entra ID needs "
        "it.",
        examples=["api://CLIENT_ID/"],
    )
    anonymous_reading: bool = Field(
        False,
        description="With ART_MCP_PUBLIC_URL: let anyone who can reach the server search and see all paintings, and "
        "use the paid calls of your embedding service, without a token. Loading still needs a token with art:ingest.",
        examples=["true"],
    )
    calls_a_minute: int = Field(
        300,
        ge=1,
        le=1_000_000,
        description="With ART_MCP_PUBLIC_URL: maximum requests per minute for each user, over all servers of the "
        "database. Each MiB of a request counts as another one. All users without a token share ten times as many.",
        examples=["600"],
    )
    calls_at_once: int = Field(
        10,
        ge=1,
        le=1000,
        description="With ART_MCP_PUBLIC_URL: maximum requests in progress for each user, counted in the same way.",
        examples=["20"],
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key that signs upload links and the state of questions to users: at least 32 random characters "
        "(`openssl rand -hex 32`), the same for all servers that share an address. Default: a random key, so that "
        "only the server that made a link accepts it.",
        examples=["KEY"],
    )
    stateless: bool | None = Field(
        None,
        description="Over HTTP, keep no sessions, so that any of the servers that share an address can answer any "
        "request. Default: true if ART_MCP_SECRET_KEY is set, else false.",
        examples=["true"],
    )
    audit: Literal["none", "sizes", "texts"] | None = Field(
        None,
        description="What to log of each tool call over HTTP, as a line of JSON on stderr: none, sizes (the user, "
        "the client, the tool, the names and sizes of the arguments, the outcome and the duration) or texts (also the "
        "words of the question). Default: sizes with ART_MCP_PUBLIC_URL, else none.",
        examples=["texts"],
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="Log level on stderr: DEBUG, INFO, WARNING or ERROR.", examples=["INFO"]
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="Format of the log on stderr: text, or json for one JSON object per line (time, level, logger, "
        "message, and exception and trace_id where they apply), for log collectors.",
        examples=["json"],
    )

    @model_validator(mode="after")
    def _money_has_a_price(self) -> Self:
        if self.budget_money is not None and self.price_per_1000 is None:
            raise ValueError("ART_MCP_BUDGET_MONEY needs ART_MCP_PRICE_PER_1000")
        return self

    @model_validator(mode="after")
    def _access_has_an_address(self) -> Self:
        for name in ("oidc_issuer", "anonymous_reading"):
            if getattr(self, name) and self.public_url is None:
                raise ValueError(f"{variable(name)} needs {variable('public_url')}")
        for name in ("oidc_audience", "oidc_scope_prefix"):
            if getattr(self, name) and self.oidc_issuer is None:
                raise ValueError(f"{variable(name)} needs {variable('oidc_issuer')}")
        return self

    @property
    def is_stateless(self) -> bool:
        """Whether a server over HTTP keeps no sessions."""
        return self.secret_key is not None if self.stateless is None else self.stateless

    @property
    def embeds_by(self) -> str:
        """The embedding provider of a new database: `local`, `onnx-pair`, `azure` or `http`."""
        if self.vision:
            return self.vision
        if self.azure_endpoint or self.http_url:
            return "azure" if self.azure_endpoint else "http"
        return "onnx-pair" if self.onnx_pair_model or self.pulled_models else "local"

    @property
    def models_dir(self) -> Path:
        """Folder of the pulled models: a folder each, and others with a dot in their name."""
        return self.data_dir / "models"

    @property
    def pulled_models(self) -> list[str]:
        """Names of the pulled models, the one pulled last first."""
        found = [path for path in self.models_dir.glob("*/model.json") if "." not in path.parent.name]
        return [path.parent.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)]

    @property
    def budget(self) -> Budget:
        """The budget of paid calls; a limit in money is converted to calls."""
        month, set_by = self.budget_month, variable("budget_month")
        if self.budget_money is not None and self.price_per_1000 is not None:
            affordable = min(2**31 - 1, int(self.budget_money / self.price_per_1000 * 1000))
            if month is None or affordable < month:
                month, set_by = affordable, variable("budget_money")
        return Budget(self.budget_minute, self.budget_day, month, set_by)

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = re.fullmatch(r"(https?)://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/?", value)
        if not found:
            raise ValueError("must be https://HOST or https://HOST:PORT, without a path")
        scheme, host, port = found.groups()
        if scheme == "http" and host.lower() not in LOOPBACK_NAMES:
            raise ValueError("must begin with https://, because tokens are sent to it")
        default = {"https": "443", "http": "80"}[scheme]
        return f"{scheme}://{host.lower()}" + (f":{port}" if port and port != default else "")

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_SECRET_KEY:
            raise ValueError(f"must have at least {MIN_SECRET_KEY} characters (`openssl rand -hex 32` prints some)")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, value: str | None) -> str | None:
        address = urlsplit(value or "https://none")
        if not address.hostname or address.query or address.fragment or address.username is not None:
            raise ValueError("must be https://HOST/PATH, without a query")
        named = f"[{address.hostname}]" if ":" in address.hostname else address.hostname
        if address.scheme != "https" and not (address.scheme == "http" and named in LOOPBACK_NAMES):
            raise ValueError("must begin with https://, because its keys decide who is let in")
        return value

    @field_validator("image_dirs", mode="before")
    @classmethod
    def _split_dirs(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(os.pathsep) if part.strip())
        return value

    @field_validator("data_dir", "image_dirs")
    @classmethod
    def _absolute(cls, value: Path | tuple[Path, ...]) -> Path | tuple[Path, ...]:
        if isinstance(value, tuple):
            return tuple(_absolute(folder) for folder in value)
        return _absolute(value)


def _absolute(folder: Path) -> Path:
    # Clients start the server in an arbitrary working directory, so a relative path would be ambiguous.
    try:
        folder = folder.expanduser()
    except RuntimeError:
        raise ValueError("refers to a home folder that does not exist") from None
    if not folder.is_absolute():
        raise ValueError("must be an absolute path")
    return folder


def env_files(env_file: Path | None) -> tuple[Path, ...]:
    """The files that `load_settings` reads if they exist, the one that overrides the other last."""
    return (user_env_file(), env_file) if env_file else (user_env_file(),)


def load_settings(env_file: Path | None = None) -> Settings:
    """Read and validate the settings.

    Args:
        env_file: a file of `NAME=value` lines that overrides the user's `.env`.

    Raises:
        SettingsError: names each invalid variable, never its value.
    """
    if env_file is not None and not env_file.is_file():
        raise SettingsError(f"The file {env_file} does not exist.", "Give --env-file the path of an existing file.")
    try:
        return Settings.model_validate(_variables(env_files(env_file)))
    except ValidationError as error:
        wrong = "; ".join(
            ": ".join([*map(str, e["loc"][:1]), e["msg"].removeprefix("Value error, ")]) for e in error.errors()
        )
        raise SettingsError(
            f"Invalid setting: {wrong}.",
            "Correct it in the environment, in your client's configuration or in the .env file.",
        ) from None


def _variables(files: Iterable[Path]) -> dict[str, str]:
    """The variables of files and of the environment, which come last, without empty ones; names are in capitals.

    Spaces around values are dropped: `set NAME=value && art-mcp` on Windows leaves one.
    """
    # Claude Desktop passes ${user_config.NAME} on as it stands if the user has not filled it in.
    filled_in = {name: value for name, value in os.environ.items() if not PLACEHOLDER.search(value)}
    sources: list[Mapping[str, str | None]] = [*map(_read, files), filled_in]
    given = ((name.upper(), (value or "").strip()) for source in sources for name, value in source.items())
    return {name: value for name, value in given if value}


def _read(file: Path) -> Mapping[str, str | None]:
    """The variables of a file; none if it does not exist."""
    try:
        return dotenv_values(file, encoding="utf-8-sig")  # Windows' Notepad may put a BOM before the first name
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror}).", "Check its permissions.") from None


def unknown_variables(environ: Iterable[str], files: Iterable[Path] = ()) -> list[str]:
    """One sentence for each unknown ART_MCP_* variable of the environment or of files, to reveal typing errors."""
    names = {*environ, *(name.upper() for file in files for name in _read(file))}
    known = {ENV_FILE, *map(variable, Settings.model_fields)}
    sentences = []
    for name in sorted(n for n in names if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        sentences.append(f"{name} is not a setting{f'; did you mean {near[0]}?' if near else '.'}")
    return sentences
