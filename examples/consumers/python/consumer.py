"""A service in the cluster that lists deployments with a key pair that is mounted from a Secret.

It reads the pair for each new token, so that a rotation needs no restart. It reuses a token until shortly before it
expires, or until it is rejected.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

URL = os.environ.get("ACCESSKEY_URL", "http://accesskey-operator.accesskey-system")
PAIR_DIRECTORY = Path(os.environ.get("PAIR_DIRECTORY", "/etc/accesskey"))
CLUSTER = os.environ.get("CLUSTER", "kpanda-global-cluster")
INTERVAL_SECONDS = float(os.environ.get("INTERVAL_SECONDS", "30"))

# Tokens are replaced this long before they expire, to allow for clock skew and the duration of requests.
MARGIN_SECONDS = 60
TIMEOUT_SECONDS = 10


class TokenCache:
    """Caches a token until it is about to expire or is invalidated."""

    def __init__(self) -> None:
        self._token = ""
        self._replace_at = 0.0

    def get(self) -> str:
        if time.time() > self._replace_at:
            self._fetch()
        return self._token

    def invalidate(self) -> None:
        self._replace_at = 0.0

    def _fetch(self) -> None:
        """OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client ID, the sk the client secret."""
        ak, sk = ((PAIR_DIRECTORY / key).read_text() for key in ("ak", "sk"))
        request = urllib.request.Request(
            f"{URL}/oauth2/token",
            data=urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
            headers={"Authorization": "Basic " + base64.b64encode(f"{ak}:{sk}".encode()).decode()},
        )
        response = send(request)
        print(f"token for {ak}", flush=True)
        self._token = response["access_token"]
        self._replace_at = time.time() + response["expires_in"] - MARGIN_SECONDS


def send(request: urllib.request.Request) -> dict:
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)


def list_deployments(tokens: TokenCache) -> None:
    request = urllib.request.Request(
        f"{URL}/apis/kpanda.io/v1alpha1/clusters/{CLUSTER}/deployments?pageSize=100",
        headers={"Authorization": f"Bearer {tokens.get()}"},
    )
    try:
        page = send(request)
    except urllib.error.HTTPError as error:
        if error.code == 401:
            # The pair may have been rotated or the token revoked: read the files again at the next attempt.
            tokens.invalidate()
        raise
    names = [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in page["items"]]
    print(f"{page['pagination']['total']} deployments: {' '.join(names)}", flush=True)


def main() -> None:
    tokens = TokenCache()
    while True:
        try:
            list_deployments(tokens)
        except OSError as error:  # raised by urllib and when reading files
            print(f"cannot list deployments: {error}", file=sys.stderr, flush=True)
        time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
