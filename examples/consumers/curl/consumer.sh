#!/bin/sh
# A service in the cluster that lists deployments with its key pair, which is mounted from a Secret.
#
# The pair is read again for each token, so that a rotation needs no restart; the token is kept until shortly before it
# ends, or until it is refused.
set -eu

url=${ACCESSKEY_URL:-http://accesskey-operator.accesskey-system}
pair_directory=${PAIR_DIRECTORY:-/etc/accesskey}
cluster=${CLUSTER:-kpanda-global-cluster}
interval_seconds=${INTERVAL_SECONDS:-30}
# How long before its end a token is replaced: clocks differ, and a request takes its time.
margin_seconds=60

token=
replace_at=0

# Secrets come to curl on standard input: arguments can be seen by every process of the machine.
request() {
  curl --silent --show-error --fail --max-time 10 --config - "$@"
}

# The value of a field of a JSON object: a string without escapes, or a number.
field() {
  sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client's name, the sk its password.
fetch_token() {
  ak=$(cat "$pair_directory/ak")
  answer=$(printf 'user = "%s:%s"\n' "$ak" "$(cat "$pair_directory/sk")" |
    request --data grant_type=client_credentials "$url/oauth2/token") || return
  token=$(printf '%s' "$answer" | field access_token)
  replace_at=$(($(date +%s) + $(printf '%s' "$answer" | field expires_in) - margin_seconds))
  echo "token for $ak"
}

list_deployments() {
  [ "$(date +%s)" -le "$replace_at" ] || fetch_token || return
  page=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
    request "$url/apis/kpanda.io/v1alpha1/clusters/$cluster/deployments?pageSize=100") || {
    # The pair may have been rotated or the token revoked: the next attempt begins with the files.
    replace_at=0
    return 1
  }
  echo "$(printf '%s' "$page" | sed -n 's/.*"total": *\([0-9]*\).*/\1/p') deployments"
}

# As the first process of a container it would not end at SIGTERM by itself.
trap 'exit 0' TERM
while true; do
  list_deployments || true
  sleep "$interval_seconds" &
  wait $!
done
