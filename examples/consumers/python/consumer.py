"""A service in the cluster that lists deployments with its key pair, which is mounted from a Secret.

The pair is read again for each token, so that a rotation needs no restart; the token is kept until shortly before it
ends, or until it is refused.
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

# How long before its end a token is replaced: clocks differ, and a request takes its time.
MARGIN_SECONDS = 60
TIMEOUT_SECONDS = 10


class Tokens:
    """Holds a token, and gets another when it is about to end or was forgotten."""

    def __init__(self) -> None:
        self._token = ""
        self._replace_at = 0.0

    def get(self) -> str:
        if time.time() > self._replace_at:
            self._fetch()
        return self._token

    def forget(self) -> None:
        self._replace_at = 0.0

    def _fetch(self) -> None:
        """OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client's name, the sk its password."""
        ak, sk = ((PAIR_DIRECTORY / key).read_text() for key in ("ak", "sk"))
        request = urllib.request.Request(
            f"{URL}/oauth2/token",
            data=urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
            headers={"Authorization": "Basic " + base64.b64encode(f"{ak}:{sk}".encode()).decode()},
        )
        answer = answer_of(request)
        print(f"token for {ak}", flush=True)
        self._token = answer["access_token"]
        self._replace_at = time.time() + answer["expires_in"] - MARGIN_SECONDS


def answer_of(request: urllib.request.Request) -> dict:
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)


def list_deployments(tokens: Tokens) -> None:
    request = urllib.request.Request(
        f"{URL}/apis/kpanda.io/v1alpha1/clusters/{CLUSTER}/deployments?pageSize=100",
        headers={"Authorization": f"Bearer {tokens.get()}"},
    )
    try:
        page = answer_of(request)
    except urllib.error.HTTPError as error:
        if error.code == 401:
            # The pair may have been rotated or the token revoked: the next attempt begins with the files.
            tokens.forget()
        raise
    names = [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in page["items"]]
    print(f"{page['pagination']['total']} deployments: {' '.join(names)}", flush=True)


def main() -> None:
    tokens = Tokens()
    while True:
        try:
            list_deployments(tokens)
        except OSError as error:  # what urllib raises, and what reading a file does
            print(f"no deployments: {error}", file=sys.stderr, flush=True)
        time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
