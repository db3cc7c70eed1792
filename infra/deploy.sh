#!/usr/bin/env bash
# Uploads the functions' zip files and deploys the template with them.
#
#   BUCKET=my-bucket infra/deploy.sh [PARAMETER=VALUE ...]
#
# BUCKET      bucket in the stack's Region that takes the zip files and the template (required; it must exist)
# STACK       name of the stack                                     (default: postern)
# ARCH        arm64 or x86_64, as the zip files were built          (default: arm64)
# ZIPS        directory with FUNCTION/bootstrap.zip for each        (default: target/lambda/$ARCH)
# PARAMETERS  more of PARAMETER=VALUE in one text, as make passes them: a value goes on to the next PARAMETER=
# TAGS        KEY=VALUE ..., tags of the stack, which CloudFormation puts on all that it creates
#                                                                   (default: the stack's tags as they are)
# RECREATE    yes: delete the stack first if its creation failed
# TEMPLATE    the template                                          (default: infra/postern.yaml)
# AWS_CLI     the AWS CLI to use                                    (default: .venv/bin/aws)
#
# Arguments set other parameters of the template, e.g. NotificationEmail=team@example.com; those that are left out
# keep the values of the deployment before. Region, credentials and AWS_ENDPOINT_URL are set as for the AWS CLI.
set -euo pipefail
cd "$(dirname "$0")/.."
program=deploy

# The SSM parameter that names the stack of this account and Region; infra/postern.yaml creates it.
OWNER=/postern/stack

BUCKET=${BUCKET:-}
TEMPLATE=${TEMPLATE:-infra/postern.yaml}
ARCH=${ARCH:-arm64}
ZIPS=${ZIPS:-target/lambda/$ARCH}
[ -n "$BUCKET" ] || {
    echo "deploy: set BUCKET to the bucket that takes the zip files" >&2
    exit 1
}
. infra/common.sh

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# pairs BEGINNING TEXT: puts the NAME=VALUE of the text into the array `pairs`. A word that does not match the
# beginning belongs to the value before it.
pairs() {
    local beginning=$1 word words
    pairs=()
    read -r -d '' -a words <<<"$2" || true
    for word in ${words[@]+"${words[@]}"}; do
        if [[ $word =~ $beginning ]]; then
            pairs+=("$word")
        elif [ ${#pairs[@]} -gt 0 ]; then
            pairs[${#pairs[@]} - 1]+=" $word"
        else
            fail "\`$word\` does not begin with a name and =, as in \`NAME=VALUE\`"
        fi
    done
}

# given PARAMETER: its value, if it was given.
given() {
    local override
    for override in ${overrides[@]+"${overrides[@]}"}; do
        if [ "${override%%=*}" = "$1" ]; then
            echo "${override#*=}"
            return
        fi
    done
    return 1
}

# ---- Parameters and tags -----------------------------------------------------------------------------------------

pairs '^[A-Za-z][A-Za-z0-9]*=' "${PARAMETERS:-}"
overrides=("$@" ${pairs[@]+"${pairs[@]}"})
known=$(sed -n '/^Parameters:/,/^Conditions:/s/^  \([A-Za-z0-9]*\):$/\1/p' "$TEMPLATE")
for override in ${overrides[@]+"${overrides[@]}"}; do
    grep -qxF -- "${override%%=*}" <<<"$known" ||
        fail "the template has no parameter \`${override%%=*}\`; it has: $(tr '\n' ' ' <<<"$known")"
done

# How long no sweep is too long follows from the schedule, where that is a plain interval.
if schedule=$(given SweepSchedule) && ! given SweepOverdueHours >/dev/null; then
    [[ $schedule =~ ^rate\(([0-9]+)\ (minute|hour|day)s?\)$ ]] ||
        fail "SweepSchedule=$schedule is not a rate(): also set SweepOverdueHours to twice the hours between sweeps"
    case ${BASH_REMATCH[2]} in
    minute) minutes=${BASH_REMATCH[1]} ;;
    hour) minutes=$((60 * BASH_REMATCH[1])) ;;
    day) minutes=$((24 * 60 * BASH_REMATCH[1])) ;;
    esac
    overdue=$(((2 * minutes + 59) / 60))
    [ "$overdue" -le 168 ] ||
        fail "SweepSchedule=$schedule is too rare: CloudWatch notices a missing sweep only if one is due every 84 hours"
    overrides+=("SweepOverdueHours=$overdue")
fi

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 64 characters for the name of a role.
if prefix=$(given RoleNamePrefix) && [ -n "$prefix" ]; then
    longest=$prefix$STACK-endpoint-inspector-$region
    [ ${#longest} -le 64 ] || fail "the role \`$longest\` would have a name of ${#longest} characters, and IAM allows \
64: shorten RoleNamePrefix or STACK by $((${#longest} - 64))"
fi

functions=(subnet-inspector endpoint-inspector policy-inspector service-inspector sweeper)
parameters=(SubnetInspectorCode EndpointInspectorCode PolicyInspectorCode ServiceInspectorCode SweeperCode)
keys=()
code=("CodeBucket=$BUCKET" "Architecture=$ARCH")
for i in "${!functions[@]}"; do
    zip=$ZIPS/${functions[i]}/bootstrap.zip
    [ -f "$zip" ] || fail "no \`$zip\`: run \`make build\` first"
    # Named by content: a changed function is a changed parameter, and a rollback finds its old zip file.
    keys[i]=postern/${functions[i]}/$(sha256 "$zip").zip
    code+=("${parameters[i]}=${keys[i]}")
done

# ---- What is there -----------------------------------------------------------------------------------------------

status=$(stack_status "$STACK")
case $status in
ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED)
    [ "${RECREATE:-}" = yes ] || fail "the stack \`$STACK\` is in $status: its creation failed, and CloudFormation can \
only delete it. None of its functions runs. To delete the stack and create it again, run this again with RECREATE=yes"
    echo "Deleting stack $STACK, whose creation failed"
    delete_stack
    status=
    ;;
UPDATE_ROLLBACK_FAILED)
    fail "the stack \`$STACK\` is in $status: an update failed, and so did its rollback. Correct the cause, run \
\`aws cloudformation continue-update-rollback --stack-name $STACK\`, then deploy again"
    ;;
DELETE_FAILED)
    fail "the stack \`$STACK\` is in $status: its deletion failed. Finish it with \`make destroy STACK=$STACK\`, then \
deploy again"
    ;;
REVIEW_IN_PROGRESS) status= ;; # only a change set, which was never carried out
*_IN_PROGRESS)
    fail "the stack \`$STACK\` is in $status: another deployment is running. Deploy again when it has ended"
    ;;
esac

owner=$(unless ParameterNotFound ssm get-parameter --name "$OWNER" --query Parameter.Value --output text)
if [ -n "$owner" ] && { [ "$owner" != "$STACK" ] || [ -z "$status" ]; }; then
    owner_status=$(stack_status "$owner")
    [ -n "$owner_status" ] || fail "the SSM parameter \`$OWNER\` says that the stack \`$owner\` runs Postern in \
account $account, Region $region, but there is no such stack. Delete the parameter with \
\`aws ssm delete-parameter --name $OWNER\`, then deploy again"
    fail "the stack \`$owner\` runs Postern in account $account, Region $region already (SSM parameter \`$OWNER\`). \
Two deployments would work against each other. Update that stack with STACK=$owner, or delete it first with \
\`make destroy STACK=$owner\`"
fi

if ! table=$(given LedgerTable); then
    if [ -n "$status" ]; then
        table=$(stack_output LedgerTable)
    else
        tables=$("$AWS_CLI" dynamodb list-tables --output text --query "TableNames[?starts_with(@, '$STACK-Ledger-')]")
        read -r -d '' -a tables <<<"$tables" || true
        [ ${#tables[@]} -le 1 ] || fail "earlier deployments left several ledgers: ${tables[*]}. Choose one with \
LedgerTable=NAME, or make a new one with LedgerTable="
        table=${tables[0]:-}
        if [ -n "$table" ]; then overrides+=("LedgerTable=$table"); fi
    fi
fi
if [ -n "$table" ]; then
    found=$(unless ResourceNotFoundException dynamodb describe-table --table-name "$table" --output text \
        --query Table.TableStatus)
    [ -n "$found" ] || fail "the table of the ledger, \`$table\`, does not exist. Restore it and deploy with \
LedgerTable=NAME, as docs/recovery.md describes"
fi

tags=()
if [ -n "${TAGS+set}" ]; then
    pairs '^[^=]+=' "$TAGS"
    tags=(${pairs[@]+"${pairs[@]}"})
elif [ -n "$status" ]; then
    # A deployment without tags would take away those of the stack.
    present=$(unless "does not exist" cloudformation describe-stacks --stack-name "$STACK" --output text \
        --query "Stacks[0].Tags[].[Key, Value]")
    while IFS=$'\t' read -r key value; do
        if [ -n "$key" ]; then tags+=("$key=$value"); fi
    done <<<"$present"
fi

# ---- Deployment --------------------------------------------------------------------------------------------------

echo "Postern will be deployed"
echo "  to      stack $STACK in account $account, Region $region"
echo "  from    $TEMPLATE for $ARCH"
for override in ${overrides[@]+"${overrides[@]}"}; do echo "  with    $override"; done
echo "          other parameters as before, or by default"
for tag in ${tags[@]+"${tags[@]}"}; do echo "  tag     $tag"; done
if [ -n "$table" ]; then echo "  ledger  table $table"; else echo "  ledger  a new table"; fi
for i in "${!functions[@]}"; do
    echo "  upload  $ZIPS/${functions[i]}/bootstrap.zip"
    echo "          to s3://$BUCKET/${keys[i]}"
done

for i in "${!functions[@]}"; do
    "$AWS_CLI" s3 cp --only-show-errors "$ZIPS/${functions[i]}/bootstrap.zip" "s3://$BUCKET/${keys[i]}"
done

# CAPABILITY_NAMED_IAM: the template holds roles, which have names of ours with RoleNamePrefix. The template passes
# through the bucket, because a request may hold 51,200 bytes only.
arguments=(--stack-name "$STACK"
    --template-file "$TEMPLATE" --s3-bucket "$BUCKET" --s3-prefix postern
    --capabilities CAPABILITY_NAMED_IAM
    --no-fail-on-empty-changeset
    --parameter-overrides "${code[@]}" ${overrides[@]+"${overrides[@]}"})
if [ ${#tags[@]} -gt 0 ]; then arguments+=(--tags "${tags[@]}"); fi
"$AWS_CLI" cloudformation deploy "${arguments[@]}" || {
    show_failures
    fail "the stack is not deployed"
}

"$AWS_CLI" cloudformation describe-stacks --stack-name "$STACK" --output table \
    --query "Stacks[0].Outputs[].[OutputKey, OutputValue]"
