"""Every ART_MCP_* variable, once, validated at start.

Values come from the environment, from `--env-file`, and from `.env` in the user's configuration folder, in
this order. A `.env` in the working folder is never read: a hostile workspace could own it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from art_mcp.account import Budget
from art_mcp.errors import ArtMcpError

PREFIX = "ART_MCP_"
APP_NAME = "art-mcp"
MAX_DISPLAY_SIZE = 4096
AZURE_API_VERSION, AZURE_MODEL_VERSION = "2024-02-01", "2023-04-15"


class SettingsError(ArtMcpError):
    """A setting has a value that cannot be used."""


def user_env_file() -> Path:
    """The `.env` that is read without being asked for."""
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / ".env"


def default_image_dirs() -> tuple[Path, ...]:
    """Where people keep pictures, and where local chat clients put what was attached to a chat."""
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without a home
        return ()
    return (platformdirs.user_pictures_path(), home / ".cursor" / "projects", home / ".claude" / "image-cache")


class Settings(BaseSettings):
    """What a user can change; the field's description is what `.env.example` says about it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 15 or newer with pgvector 0.7 or newer, instead of the embedded server. "
        "TLS is required and verified unless the host is this machine; add sslrootcert=FILE for a private "
        "authority, or sslmode=disable for a network that you trust.",
        examples=["postgresql://USER:PASSWORD@HOST:5432/DATABASE"],
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path(APP_NAME, appauthor=False),
        description="Where the embedded database keeps its data. Default: the user's data folder. PostgreSQL does "
        "not run as root, so for root the data is in /var/lib/art-mcp (in a container, make that the volume), in a "
        "folder of its own for each value of this setting.",
        examples=["/srv/art-mcp"],
    )
    image_dirs: Annotated[tuple[Path, ...], NoDecode] = Field(
        default_factory=default_image_dirs,
        description="Folders from which the tools may read pictures and collections, separated as in PATH "
        "(':' on Linux and macOS, ';' on Windows). Default: the user's Pictures folder and the folders where "
        "Cursor and Claude Code put pictures attached to a chat; over HTTP none.",
        examples=["/home/me/Pictures:/srv/scans"],
    )
    vision: Literal["local", "azure", "http"] | None = Field(
        None,
        description="What embeds pictures in a new database: local (the built-in model), azure (Azure AI Vision) or "
        "http (another service, or a server of your own). Default: azure if its endpoint is set, else http if its "
        "address is, else local. A database keeps what its pictures were embedded by.",
        examples=["azure"],
    )
    azure_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("ART_MCP_AZURE_ENDPOINT", "VISION_ENDPOINT"),
        description="Address of the Azure AI Vision (or Foundry) resource. VISION_ENDPOINT is read too.",
        examples=["https://NAME.cognitiveservices.azure.com"],
    )
    azure_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("ART_MCP_AZURE_KEY", "VISION_KEY"),
        description="One of its keys; VISION_KEY is read too. Without it Entra ID signs in, which needs "
        "pip install 'art-mcp[azure]'.",
        examples=["KEY"],
    )
    azure_rate: float = Field(
        10,
        gt=0,
        le=1000,
        description="Calls a second that the resource allows: 0.33 for F0, 10 for S1, 20 for newer S1 resources. If it "
        "allows less, that is found out and kept to.",
        examples=["20"],
    )
    azure_api_version: str = Field(
        AZURE_API_VERSION, description="Version of Azure's API.", examples=[AZURE_API_VERSION]
    )
    azure_model_version: str = Field(
        AZURE_MODEL_VERSION,
        description="Version of Azure's model. Vectors of another one cannot be compared, so it has its own space.",
        examples=[AZURE_MODEL_VERSION],
    )
    http_url: str | None = Field(
        None,
        description="The whole address of an embedding service, with the path; https, or http on this machine.",
        examples=["http://127.0.0.1:8000/v1/embeddings"],
    )
    http_dialect: Literal["openai", "vllm", "cohere"] = Field(
        "openai",
        description="How that service is spoken to: openai (a list of texts and images in `input`, as Jina and SGLang "
        "take it), vllm (`messages`, as vLLM takes it) or cohere (version 2, in Azure Foundry too).",
        examples=["vllm"],
    )
    http_model: str | None = Field(
        None,
        pattern="^[!-~]{1,200}$",
        description="The name of its model, or of the deployment. It must take both pictures and texts.",
        examples=["openai/clip-vit-base-patch32"],
    )
    http_dimensions: int | None = Field(
        None, ge=1, le=4000, description="How many numbers its vectors have.", examples=["512"]
    )
    http_shorten: bool = Field(
        False,
        description="Ask the service for vectors of that length. Only some models can shorten theirs (Matryoshka); "
        "others refuse the call.",
        examples=["true"],
    )
    http_key: SecretStr | None = Field(
        None, description="The key of that service, if it asks for one.", examples=["KEY"]
    )
    http_key_header: str = Field(
        "Authorization",
        pattern="^[A-Za-z0-9-]{1,100}$",
        description="The header that its key is sent in: api-key in Azure Foundry. Default: Authorization, as a "
        "bearer's.",
        examples=["api-key"],
    )
    http_rate: float = Field(
        10,
        gt=0,
        le=1000,
        description="Calls a second that it allows, each with one picture or text. If it allows less, that is found "
        "out and kept to.",
        examples=["6.6"],
    )
    budget_minute: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Most paid calls a minute. Default: no limit.", examples=["600"]
    )
    budget_day: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Most paid calls a day (UTC). Default: no limit.", examples=["20000"]
    )
    budget_month: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Most paid calls a month (UTC). Default: no limit.", examples=["5000"]
    )
    budget_money: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Most money a month, in the currency of the price. Needs ART_MCP_PRICE_PER_1000.",
        examples=["5"],
    )
    price_per_1000: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="What 1,000 calls cost you, from the service's price list.",
        examples=["0.10"],
    )
    ask_above: int = Field(
        1000,
        ge=0,
        description="Paid calls above which loading a collection asks you first, if your chat client can ask.",
        examples=["0"],
    )
    display_size: int = Field(
        1024,
        ge=320,
        le=MAX_DISPLAY_SIZE,
        description="Longest side in pixels of the picture that is kept for showing, of paintings that are "
        "loaded from then on.",
        examples=["2048"],
    )
    read_only: bool = Field(False, description="Leave out the tools that change collections.", examples=["true"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="What is logged to stderr: DEBUG, INFO, WARNING or ERROR.", examples=["INFO"]
    )

    @model_validator(mode="after")
    def _money_has_a_price(self) -> Self:
        if self.budget_money is not None and self.price_per_1000 is None:
            raise ValueError("ART_MCP_BUDGET_MONEY needs ART_MCP_PRICE_PER_1000")
        return self

    @property
    def embeds_by(self) -> str:
        """What embeds pictures in a new database."""
        return self.vision or ("azure" if self.azure_endpoint else "http" if self.http_url else "local")

    @property
    def budget(self) -> Budget:
        """Of paid calls, money turned into calls."""
        month, set_by = self.budget_month, variable("budget_month")
        if self.budget_money is not None and self.price_per_1000 is not None:
            affordable = min(2**31 - 1, int(self.budget_money / self.price_per_1000 * 1000))
            if month is None or affordable < month:
                month, set_by = affordable, variable("budget_money")
        return Budget(self.budget_minute, self.budget_day, month, set_by)

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
    # A client starts the server in a folder of its own choice, so a relative path would mean chance.
    try:
        folder = folder.expanduser()
    except RuntimeError:
        raise ValueError("names a home folder that does not exist") from None
    if not folder.is_absolute():
        raise ValueError("must be an absolute path")
    return folder


def variable(field: str) -> str:
    """The environment variable of a field, e.g. `ART_MCP_DATA_DIR`."""
    return PREFIX + field.upper()


def _variable_of(location: str) -> str:
    """A field that has another name too is told by the name that was read."""
    return location if location.isupper() else variable(location)


def load_settings(env_file: Path | None = None) -> Settings:
    """Read and check the settings.

    Args:
        env_file: a file of `NAME=value` lines that wins over the user's own `.env`.

    Raises:
        SettingsError: naming each variable that is wrong, never its value.
    """
    if env_file is not None and not env_file.is_file():
        raise SettingsError(f"There is no file {env_file}.", "Give --env-file the path of an existing file.")
    files = (user_env_file(), env_file) if env_file else (user_env_file(),)
    try:
        return Settings(_env_file=files, _env_file_encoding="utf-8")
    except ValidationError as error:
        wrong = "; ".join(
            ": ".join([*(_variable_of(str(part)) for part in e["loc"][:1]), e["msg"].removeprefix("Value error, ")])
            for e in error.errors()
        )
        raise SettingsError(
            f"A setting has a value that cannot be used: {wrong}.",
            "Correct it in the environment, in your client's configuration or in the .env file.",
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("The .env file is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"The .env file cannot be read ({error.strerror}).", "Check its permissions.") from None


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each ART_MCP_* variable that no setting reads, so that a typing error is seen."""
    known = {variable(field) for field in Settings.model_fields}
    sentences = []
    for name in sorted(n for n in environ if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        sentences.append(f"{name} is not a setting{f'; did you mean {near[0]}?' if near else '.'}")
    return sentences
