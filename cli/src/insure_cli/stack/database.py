"""The two roles of the stack's database: the owner migrates, the application cannot change what is append-only."""

from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

OWNER = "insure_owner"
NAME = "insure"


def create_database(server_url: str) -> str:
    """Create the database on a server of our own unless it exists; its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    return urlsplit(server_url)._replace(path=f"/{NAME}").geturl()


def create_application_role(owner_url: str, *, role: str, password: str) -> str | None:
    """Create or renew the login of the application on that database; its URL, or None if the owner may not.

    `role` is a name that only this stack uses: on somebody's server no other login is ever touched.

    What the role may do is granted after the migrations, by `insure_common.database.grant_application_role`.
    """
    with psycopg.connect(owner_url, autocommit=True) as connection:
        owner = connection.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if owner.fetchone() != (True,):
            return None
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        statement = "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))
    parts = urlsplit(owner_url)
    login = f"{quote(role, safe='')}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()
