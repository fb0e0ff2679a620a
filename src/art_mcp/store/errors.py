"""What PostgreSQL and asyncpg say, turned into sentences for people."""

from __future__ import annotations

import ssl

import asyncpg

from art_mcp.errors import ArtMcpError

URL_FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


class StoreError(ArtMcpError):
    """The database cannot do what was asked."""


class LostError(StoreError):
    """The database is away, or was: it is worth trying again a little later."""


class MovedError(StoreError):
    """The spaces or their tables are not those that they were: it is worth looking at them again."""


def explain_connect(error: Exception) -> StoreError:
    """Why a connection could not be made; nothing of the URL is repeated, since it holds a password."""
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return StoreError(
                "The database refused the user name or the password.",
                "Correct ART_MCP_DATABASE_URL, or unset it to use the embedded database.",
            )
        case asyncpg.InvalidCatalogNameError():
            return StoreError(
                "The database that ART_MCP_DATABASE_URL names does not exist.",
                "Create it (CREATE DATABASE ...), or correct the last part of the URL.",
            )
        case asyncpg.TooManyConnectionsError():
            return StoreError("The database accepts no more connections.", "Close some, or raise its limit.")
        case ssl.SSLCertVerificationError():
            return StoreError(
                f"The database's TLS certificate cannot be trusted ({error.verify_message}).",
                "Add sslrootcert=FILE with your authority's certificate to ART_MCP_DATABASE_URL.",
            )
        case asyncpg.ClientConfigurationError() | ValueError():
            return StoreError("ART_MCP_DATABASE_URL is not a PostgreSQL URL.", f"Write it like {URL_FORM}.")
        case TimeoutError():
            return LostError(
                "The database did not answer in time.", "Check that it runs and that its host can be reached."
            )
        case ssl.SSLError() | ConnectionError() if "SSL" in str(error):
            return StoreError(
                "The database does not offer TLS.",
                "Turn TLS on there, or add sslmode=disable to ART_MCP_DATABASE_URL if you trust the network.",
            )
        case OSError():
            return LostError(
                "The database cannot be reached.",
                "Check that it runs, and the host and port in ART_MCP_DATABASE_URL.",
            )
        case _:
            return explain(error)


def explain(error: Exception) -> StoreError:
    """Why a statement failed."""
    match error:
        case asyncpg.DiskFullError():
            return StoreError(
                "The database's disk is full.", "Free some space and run the same again; nothing was lost."
            )
        case asyncpg.QueryCanceledError():
            return StoreError(
                "The database took too long and the search was stopped.", "Ask for less, or try again later."
            )
        case asyncpg.ReadOnlySQLTransactionError():
            return StoreError("The database is read-only.", "Connect to the primary server, or search only.")
        case asyncpg.InsufficientPrivilegeError():
            return StoreError(
                "The database user may not do this.",
                "Give it the right (GRANT ALL ON SCHEMA art_mcp, and on its tables), or use another user.",
            )
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.InvalidSchemaNameError():
            return MovedError(
                "The database's art_mcp tables were changed or removed while this process was running.",
                "Restart art-mcp, so that it looks at the database again.",
            )
        case asyncpg.AdminShutdownError() | asyncpg.CrashShutdownError() | asyncpg.CannotConnectNowError():
            return LostError("The database is being restarted.", "Try again.")
        case TimeoutError():
            return LostError("The database did not answer in time.", "Try again when it is less busy.")
        case asyncpg.PostgresConnectionError() | asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            return LostError("The connection to the database was lost.", "Try again.")
        case asyncpg.PostgresError():
            return StoreError(
                f"The database reported an error (SQLSTATE {error.sqlstate}).", "Look in the database's log."
            )
        case _:
            return StoreError(f"The database driver failed ({type(error).__name__}).", "Try again.")
