#!/bin/sh
# A service in the cluster that lists deployments with a key pair that is mounted from a Secret.
#
# It reads the pair for each new token, so that a rotation needs no restart. It reuses a token until shortly before it
# expires, or until it is rejected.
set -eu

url=${ACCESSKEY_URL:-http://accesskey-operator.accesskey-system}
pair_directory=${PAIR_DIRECTORY:-/etc/accesskey}
cluster=${CLUSTER:-kpanda-global-cluster}
interval_seconds=${INTERVAL_SECONDS:-30}
# Tokens are replaced this long before they expire, to allow for clock skew and the duration of requests.
margin_seconds=60

token=
replace_at=0

# curl reads secrets from standard input, because every process on the machine can read its arguments.
request() {
  curl --silent --show-error --fail --max-time 10 --config - "$@"
}

# Extracts a field of a JSON object: a string without escapes, or a number.
field() {
  sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client ID, the sk the client secret.
fetch_token() {
  ak=$(cat "$pair_directory/ak")
  response=$(printf 'user = "%s:%s"\n' "$ak" "$(cat "$pair_directory/sk")" |
    request --data grant_type=client_credentials "$url/oauth2/token") || return
  token=$(printf '%s' "$response" | field access_token)
  replace_at=$(($(date +%s) + $(printf '%s' "$response" | field expires_in) - margin_seconds))
  echo "token for $ak"
}

list_deployments() {
  [ "$(date +%s)" -le "$replace_at" ] || fetch_token || return
  page=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
    request "$url/apis/kpanda.io/v1alpha1/clusters/$cluster/deployments?pageSize=100") || {
    # The pair may have been rotated or the token revoked: read the files again at the next attempt.
    replace_at=0
    return 1
  }
  echo "$(printf '%s' "$page" | sed -n 's/.*"total": *\([0-9]*\).*/\1/p') deployments"
}

# Without a handler, the first process of a container ignores SIGTERM.
trap 'exit 0' TERM
while true; do
  list_deployments || true
  sleep "$interval_seconds" &
  wait $!
done
