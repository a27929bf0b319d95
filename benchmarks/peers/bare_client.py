"""Fetch the results of bulk queries and throw them away: the least that any client of the same org must do.

Usage: python -m benchmarks.peers.bare_client URL CA_FILE KEY SECRET QUERIES.json

Same library for HTTP as ours, same size of pages, compressed as ours; nothing is parsed or kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requests

_PAGE_ROWS = 50_000
_API = "services/data/v62.0/jobs/query"


def main() -> None:
    """Fetch everything, and say on stdout how many bytes it was."""
    url, ca_file, key, secret, queries = sys.argv[1:]
    with requests.Session() as http:
        http.trust_env = False
        http.verify = ca_file
        granted = http.post(
            f"{url}/services/oauth2/token", {"grant_type": "client_credentials"}, auth=(key, secret)
        ).json()
        http.headers["Authorization"] = f"Bearer {granted['access_token']}"
        print(sum(_fetched(http, f"{url}/{_API}", query) for query in json.loads(Path(queries).read_text())))


def _fetched(http: requests.Session, url: str, query: str) -> int:
    job = http.post(url, json={"operation": "query", "query": query}).json()["id"]
    while http.get(f"{url}/{job}").json()["state"] != "JobComplete":
        pass
    fetched, locator = 0, ""
    while locator != "null":
        asked = {"maxRecords": _PAGE_ROWS} | ({"locator": locator} if locator else {})
        reply = http.get(f"{url}/{job}/results", params=asked)
        reply.raise_for_status()
        fetched += len(reply.content)
        locator = reply.headers["Sforce-Locator"]
    return fetched


if __name__ == "__main__":
    main()
