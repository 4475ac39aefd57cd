#!/bin/sh
# The main job on the sample collection: from a folder of evidence to a searchable matter.
# Called by `make demo`; everything happens in a scratch workspace.
set -eu
place=$(mktemp -d "${TMPDIR:-/tmp}/ediscovery-demo.XXXXXX")
export EDISCOVERY_HOME="$place/workspace"

run() {
    echo
    echo "\$ ediscovery $*"
    status=0
    ediscovery "$@" || status=$?
    # 3: finished, and some items carry exceptions, as the sample means them to.
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"
}

python -m samples "$place/evidence" >/dev/null
run matter create acme --title "Acme Turbines v. Brennhof Guss"
run ingest "$place/evidence/jane" --matter acme --custodian "Jane Roe" \
    --password-file "$place/evidence/passwords.txt"
run ingest "$place/evidence/john" --matter acme --custodian "John Doe"
run report processing acme --html "$place/report.html"
run search acme 'breach w/5 contract AND from:roe'
run search acme 'attachment("kingfisher reserve")' --explain
run search acme '納期遅延'
run verify acme
echo
echo "The matter stays in $EDISCOVERY_HOME, the report is $place/report.html; look around:"
echo "  export EDISCOVERY_HOME=$EDISCOVERY_HOME"
echo "  $(command -v ediscovery) exceptions acme"
