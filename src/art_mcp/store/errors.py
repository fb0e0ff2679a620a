"""Errors of PostgreSQL and asyncpg, translated into a problem and a next step."""

from __future__ import annotations

import re
import ssl

import asyncpg

from art_mcp.errors import ArtMcpError

URL_FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


class StoreError(ArtMcpError):
    """An operation on the database failed."""


class LostError(StoreError):
    """The connection to the database failed or was lost; a retry a little later may succeed."""


class MovedError(StoreError):
    """The active spaces or their tables have changed; a retry after reading them again may succeed."""


def explain_connect(error: Exception) -> StoreError:
    """Explain why a connection failed, without quoting the URL, which contains a password."""
    if name := _parameter(error):
        return StoreError(
            f"The database does not accept the parameter {name} in ART_MCP_DATABASE_URL.",
            "Remove it there, or correct its value.",
        )
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError() if _wants_tls(error):
            return StoreError("The database requires TLS.", "Remove sslmode=disable from ART_MCP_DATABASE_URL.")
        case asyncpg.InvalidAuthorizationSpecificationError() if "pg_hba.conf" in str(error):
            return StoreError(
                "The database does not let this user connect from this machine.",
                "Allow it in the provider's network settings, or in pg_hba.conf.",
            )
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return StoreError(
                "The database rejected the user name or password.",
                "Correct ART_MCP_DATABASE_URL, or unset it to use the embedded database.",
            )
        case asyncpg.InvalidCatalogNameError():
            return StoreError(
                "The database named in ART_MCP_DATABASE_URL does not exist.",
                "Create it (CREATE DATABASE ...), or correct the last part of the URL.",
            )
        case asyncpg.TooManyConnectionsError():
            return StoreError("The database accepts no more connections.", "Close some, or raise the limit.")
        case ssl.SSLCertVerificationError():
            return StoreError(
                f"The database's TLS certificate cannot be trusted ({error.verify_message}).",
                "Add sslrootcert=FILE with your CA's certificate to ART_MCP_DATABASE_URL. If your provider publishes "
                "none (Heroku, Railway), sslmode=no-verify encrypts without checking who answers.",
            )
        case asyncpg.TargetServerAttributeNotMatched():
            return StoreError(
                "No server in ART_MCP_DATABASE_URL matches its target_session_attrs.",
                "Remove that parameter, or name another server.",
            )
        case asyncpg.ClientConfigurationError() | ValueError():
            return StoreError("ART_MCP_DATABASE_URL is not a PostgreSQL URL.", f"Use the form {URL_FORM}.")
        case TimeoutError():
            return LostError("Connecting to the database timed out.", "Check that it is running and reachable.")
        case ssl.SSLError() | ConnectionError() if "SSL" in str(error):
            return StoreError(
                "The database does not offer TLS.",
                "Enable TLS there, or add sslmode=disable to ART_MCP_DATABASE_URL if you trust the network.",
            )
        case OSError():
            return LostError(
                "The database cannot be reached.",
                "Start it, or correct the host and port in ART_MCP_DATABASE_URL.",
            )
        case _:
            return explain(error)


def _parameter(error: Exception) -> str | None:
    """The name of the connection parameter that the server or a pooler refuses; None if it refuses none."""
    found = re.search(r'parameter "([\w.]+)"|unsupported startup parameter(?: in options)?: ([\w.]+)', str(error))
    return (found[1] or found[2]) if found and isinstance(error, asyncpg.PostgresError) else None


def _wants_tls(error: Exception) -> bool:
    """Whether the server refused a connection because it is not encrypted."""
    return re.search(r"no encryption|SSL off|SSL (connection )?is required|insecure", str(error)) is not None


def explain(error: Exception) -> StoreError:
    """Explain why a statement failed."""
    match error:
        case asyncpg.DiskFullError():
            return StoreError("The database's disk is full.", "Free some space and try again; nothing was lost.")
        case asyncpg.QueryCanceledError():
            return StoreError("The query took too long and was cancelled.", "Narrow the search, or try again later.")
        case asyncpg.ReadOnlySQLTransactionError():
            return StoreError("The database is read-only.", "Connect to the primary server, or search only.")
        case asyncpg.InsufficientPrivilegeError():
            return StoreError(
                "The database user lacks a privilege.",
                "Grant it (GRANT ALL ON SCHEMA art_mcp, and on its tables), or use another user.",
            )
        case asyncpg.UntranslatableCharacterError() | asyncpg.CharacterNotInRepertoireError():
            return StoreError(
                "The database's encoding cannot store a character of this text.",
                "Use a database with the encoding UTF8; `art-mcp doctor` shows this database's.",
            )
        case asyncpg.UndefinedObjectError() if "vec" in str(error):
            return StoreError(
                "The database no longer has vector types: pgvector was removed, or is older than 0.7.",
                "Ask an administrator to run CREATE EXTENSION vector; or ALTER EXTENSION vector UPDATE; there.",
            )
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.InvalidSchemaNameError():
            return MovedError(
                "The database's art_mcp tables were changed or removed while this process was running.",
                "Restart art-mcp, so that it reads the schema again.",
            )
        case asyncpg.AdminShutdownError() | asyncpg.CrashShutdownError() | asyncpg.CannotConnectNowError():
            return LostError("The database is being restarted.", "Try again.")
        case TimeoutError():
            return LostError("The database did not answer in time.", "Try again when it is less busy.")
        case asyncpg.PostgresConnectionError() | asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            return LostError("The connection to the database was lost.", "Try again.")
        case asyncpg.PostgresError():
            return StoreError(f"The database reported an error (SQLSTATE {error.sqlstate}).", "Check the database log.")
        case _:
            return StoreError(f"The database driver failed ({type(error).__name__}).", "Try again.")
