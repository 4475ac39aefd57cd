#!/bin/bash
# Starts Elasticsearch with the one user that the product signs in as. A container is made anew from
# its image, so the user is added whenever it is not there; the role is in elasticsearch-roles.yml.
set -euo pipefail
users=bin/elasticsearch-users
if ! "$users" list | grep -q '^ediscovery\b'; then
    # Asked for twice, so that the password stands on no command line.
    secret=$(cat /run/secrets/index_password)
    printf '%s\n%s\n' "$secret" "$secret" | "$users" useradd ediscovery -r ediscovery
fi
exec /bin/tini -- /usr/local/bin/docker-entrypoint.sh eswrapper
