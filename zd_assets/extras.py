"""Packages that come with an extra, for those who meet a part of this project without them."""

#: The extra that brings a package, by the name under which it is imported.
EXTRAS = {
    "aiohttp": "sandbox",
    "apprise": "alerts",
    "dagster_celery": "workers",
    "dagster_webserver": "ui",
    "dotenv": "cli",
    "jinja2": "report",
    "matplotlib": "report",
    "orjson": "sandbox",
    "pandas": "report",
    "PIL": "report",
    "psycopg": "postgres",
    "psycopg_pool": "postgres",
    "rich": "cli",
}


class MissingExtraError(Exception):
    """A package isn't installed; the message says which extra brings it."""


def missing_extra(error: ModuleNotFoundError, what: str) -> MissingExtraError:
    """Say that `what` needs an extra, from the error that an import raised.

    Raises:
        ModuleNotFoundError: the error itself, where no extra brings what wasn't found.

    >>> print(missing_extra(ModuleNotFoundError(name="aiohttp"), "the sandbox"))
    the sandbox needs aiohttp, which isn't installed: pip install 'zd_assets[sandbox]'
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        raise error
    return MissingExtraError(
        f"{what} needs {package}, which isn't installed: pip install 'zd_assets[{EXTRAS[package]}]'"
    )
