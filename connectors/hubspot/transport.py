"""One client of HubSpot's for a whole connection: it sends what it is told, once, and hands back any answer.

The generated methods of the client know only the numbered paths, and each access to them opens sockets of its own:
hence its `call_api`, with paths of ours. It knows no patience either: what may be sent again is the session's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hubspot.crm.objects import ApiClient, ApiException, Configuration  # type: ignore[import-untyped]
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util.retry import Retry

from connectors.hubspot.errors import Reply
from overlap.errors import AccessError, TransientError

_TIMEOUTS_S: Final = (5, 60)
_FORM: Final = "application/x-www-form-urlencoded"

Query = Sequence[tuple[str, str]]


class Transport:
    """Sockets to one host. *where* names the connection in errors, *ca_file* is the only authority that it trusts."""

    def __init__(self, where: str, url: str, ca_file: Path | None) -> None:
        self._where = where
        #: Answers so far: what this connection took of the day's allowance.
        self.calls = 0
        settings = Configuration(host=url)
        settings.ssl_ca_cert = str(ca_file or DEFAULT_CA_BUNDLE_PATH)
        settings.proxy = get_environ_proxies(url).get("https")
        # No redirect: it would carry tokens and data to wherever it leads.
        settings.retries = Retry(total=0, redirect=0, raise_on_redirect=False, raise_on_status=False)
        self._client = ApiClient(settings)
        self._client.user_agent = "overlap"

    def close(self) -> None:
        """Close the sockets."""
        self._client.rest_client.pool_manager.clear()
        self._client.close()

    def send(self, method: str, path: str, query: Query, body: Any, token: str) -> Reply:
        """Send *body* as JSON, None for none, and return the answer, whatever its status.

        Raises:
            TransientError: no answer came: nobody knows whether the call was taken.
            AccessError: the host's certificate is not trusted.
        """
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        return self._sent(path, method, query_params=list(query), header_params=headers, body=body)

    def submit(self, path: str, form: Mapping[str, str]) -> Reply:
        """Send *form* as a web page would, without a token; raises as `send` does."""
        headers = {"Content-Type": _FORM, "Accept": "application/json"}
        return self._sent(path, "POST", header_params=headers, post_params=list(form.items()))

    def _sent(self, path: str, method: str, **parts: Any) -> Reply:
        try:
            reply = self._client.call_api(path, method, _preload_content=False, _request_timeout=_TIMEOUTS_S, **parts)
            found = Reply(reply.status, _lower(reply.headers), reply.data)
        except ApiException as error:
            found = Reply(int(error.status), _lower(error.headers), str(error.body or "").encode())
        except UnicodeDecodeError as error:  # the client takes every error for text
            raise TransientError(f"{self._where}: answered with something strange; try again later") from error
        except HTTPError as error:
            raise self._failed(error) from error
        self.calls += 1
        return found

    def _failed(self, error: HTTPError) -> AccessError | TransientError:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, SSLError):
            return AccessError(
                f"{self._where}: the server's certificate is not trusted; set ca_file, then run 'overlap check'"
            )
        return TransientError(f"{self._where}: the connection failed ({type(reason).__name__}); try again later")


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}
