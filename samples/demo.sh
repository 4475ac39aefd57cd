#!/bin/sh
# The main job on the sample collection: from a folder of evidence to a searchable
# matter and a sealed production.
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

# A small production: the joint examination and its aftermath, the advice of counsel withheld.
chosen='subject:"result of the joint examination" OR subject:"what happened to the certificates" OR
    subject:"privileged and confidential" OR subject:"rechnung los 1"'
run code acme --query "$chosen" --family --set responsive=yes --reason "first pass"
run code acme --query 'coding:responsive=yes AND subject:"privileged and confidential"' --family \
    --set privilege=privileged --set privilege_basis=attorney-client \
    --set privilege_topic="options against Brennhof"
run code acme --query 'coding:responsive=yes AND subject:"joint examination"' --set privilege=redact
run redact acme --query 'coding:privilege=redact' --term porosity --reason-code trade-secret
run produce plan acme --query 'coding:responsive=yes'
run produce run acme --query 'coding:responsive=yes' --volume VOL001 --out "$place/out"
run produce verify "$place/out/VOL001" --matter acme
run produce log acme VOL001 --out "$place/logs"
run privilege-log acme --attorney lawfirm.example --out "$place/logs/privilege.xlsx"
head -c 24 /dev/urandom | base64 >"$place/key.txt"
run produce seal acme VOL001 --passphrase-file "$place/key.txt" --out "$place/out/VOL001.7z"
run verify acme --conservation
echo
echo "The matter stays in $EDISCOVERY_HOME, the report is $place/report.html; look around:"
echo "  export EDISCOVERY_HOME=$EDISCOVERY_HOME"
echo "  $(command -v ediscovery) exceptions acme"
