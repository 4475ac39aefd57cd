"""The connection to Elasticsearch: address from the deployment, secrets from the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ediscovery.model.errors import EdiscoveryError, TryAgain, UsageError
from ediscovery.model.secrets import secret

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_SECONDS = 60.0  # for a request that has no limit of its own
_BUSY = frozenset({429, 502, 503, 504})
_MENDING = "See that it runs and that the deployment names its address, then run the command again."


def connect(url: str) -> Elasticsearch:
    """A client of the server at ``url``, which is asked nothing yet.

    ``EDISCOVERY_INDEX_API_KEY``, or ``EDISCOVERY_INDEX_USER`` and ``EDISCOVERY_INDEX_PASSWORD``,
    sign in; key and password may stand in a file named by the same with ``_FILE``.
    ``EDISCOVERY_INDEX_CA`` is the file of the authority that signed the server's certificate,
    ``EDISCOVERY_INDEX_FINGERPRINT`` the SHA-256 of that certificate. Raises :class:`UsageError`.
    """
    from elasticsearch import Elasticsearch

    options: dict[str, Any] = {}
    key, user = secret("EDISCOVERY_INDEX_API_KEY"), os.environ.get("EDISCOVERY_INDEX_USER", "")
    if key:
        options["api_key"] = key
    elif user:
        options["basic_auth"] = (user, secret("EDISCOVERY_INDEX_PASSWORD"))
    if url.startswith("https:"):
        if authority := os.environ.get("EDISCOVERY_INDEX_CA", ""):
            if not os.path.isfile(authority):
                raise UsageError(
                    f"There is no file {authority}, which EDISCOVERY_INDEX_CA names.",
                    "Name the file with the certificate of the authority, in PEM.",
                )
            options["ca_certs"] = authority
        if fingerprint := os.environ.get("EDISCOVERY_INDEX_FINGERPRINT", ""):
            options["ssl_assert_fingerprint"] = fingerprint
    try:
        # Whether to try again is decided here, where it is known what is tried.
        return Elasticsearch(
            url, max_retries=0, retry_on_timeout=False, request_timeout=_SECONDS, **options
        )
    except ValueError as error:
        raise UsageError(f"The index can't be at {url}: {error}", _MENDING) from error


def busy(error: Exception) -> bool:
    """Whether the server may do the same a little later: it is down, starting or has too much."""
    from elasticsearch import ApiError, SSLError
    from elasticsearch import ConnectionError as NoConnection
    from elasticsearch import ConnectionTimeout as TooLate

    if isinstance(error, ApiError):
        return error.status_code in _BUSY
    return isinstance(error, NoConnection | TooLate) and not isinstance(error, SSLError)


def failed(error: Exception, url: str) -> EdiscoveryError:
    """What went wrong between us and the server, as one of our errors."""
    from elasticsearch import ApiError, SSLError

    if busy(error):
        return TryAgain(f"Elasticsearch at {url} does not serve: {reason(error)}", _MENDING)
    if isinstance(error, SSLError):
        return UsageError(
            f"The certificate of {url} is not trusted: {reason(error)}",
            "Name its authority in EDISCOVERY_INDEX_CA, or its SHA-256 in "
            "EDISCOVERY_INDEX_FINGERPRINT.",
        )
    if isinstance(error, ApiError) and error.status_code in (401, 403):
        return UsageError(
            f"Elasticsearch at {url} does not let us in: {reason(error)}",
            "Set EDISCOVERY_INDEX_API_KEY, or EDISCOVERY_INDEX_USER and "
            "EDISCOVERY_INDEX_PASSWORD, to one who may manage the indexes ediscovery-*.",
        )
    return EdiscoveryError(
        f"Elasticsearch at {url} refuses: {reason(error)}",
        "See the server's log; then run the same command again.",
    )


def reason(error: Exception) -> str:
    """The server's own words, the innermost cause last, in one line."""
    body = getattr(error, "body", None)
    found = body.get("error") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        return " ".join(str(getattr(error, "message", "") or error).split())[:300]
    said = [str(found.get("reason", ""))]
    inner = [*(found.get("root_cause") or []), *_causes(found)]
    inner += [cause for failure in found.get("failed_shards") or [] for cause in _causes(failure)]
    said += [str(cause.get("reason", "")) for cause in inner]
    return "; ".join(dict.fromkeys(text[:300] for text in said if text))


def _causes(error: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    cause = error.get("caused_by") or error.get("reason")
    while isinstance(cause, dict):
        found.append(cause)
        cause = cause.get("caused_by")
    return found
