#!/usr/bin/env bash
# Uploads the four functions' zip files and deploys infra/postern.yaml with them.
#
#   BUCKET=my-bucket infra/deploy.sh [PARAMETER=VALUE ...]
#
# BUCKET   bucket in the stack's Region that takes the zip files (required; it must exist)
# STACK    name of the stack                                     (default: postern)
# ARCH     arm64 or x86_64, as the zip files were built          (default: arm64)
# ZIPS     directory with FUNCTION/bootstrap.zip for each        (default: target/lambda/$ARCH)
# AWS_CLI  the AWS CLI to use                                    (default: .venv/bin/aws)
#
# Arguments set other parameters of the template, e.g. NotificationEmail=team@example.com; those that are left out
# keep the values of the deployment before. Region, credentials and AWS_ENDPOINT_URL are set as for the AWS CLI.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "deploy: $1" >&2
    exit 1
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

BUCKET=${BUCKET:-}
STACK=${STACK:-postern}
ARCH=${ARCH:-arm64}
ZIPS=${ZIPS:-target/lambda/$ARCH}
AWS_CLI=${AWS_CLI:-.venv/bin/aws}
[ -n "$BUCKET" ] || fail "set BUCKET to the bucket that takes the zip files"
command -v "$AWS_CLI" >/dev/null || fail "no AWS CLI at \`$AWS_CLI\`: run \`make .venv/.stamp\` first"

# The first version of the CLI, which .venv has, knows AWS_DEFAULT_REGION only.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$("$AWS_CLI" configure get region || true)}}
[ -n "$region" ] || fail "set AWS_REGION, or a Region in the AWS CLI's configuration"
export AWS_DEFAULT_REGION=$region

functions=(subnet-inspector endpoint-inspector policy-inspector sweeper)
parameters=(SubnetInspectorCode EndpointInspectorCode PolicyInspectorCode SweeperCode)
keys=()
overrides=("CodeBucket=$BUCKET" "Architecture=$ARCH")
for i in "${!functions[@]}"; do
    zip=$ZIPS/${functions[i]}/bootstrap.zip
    [ -f "$zip" ] || fail "no \`$zip\`: run \`make build\` first"
    # Named by content: a changed function is a changed parameter, and a rollback finds its old zip file.
    keys[i]=postern/${functions[i]}/$(sha256 "$zip").zip
    overrides+=("${parameters[i]}=${keys[i]}")
done

account=$("$AWS_CLI" sts get-caller-identity --query Account --output text) || fail "the AWS CLI has no usable credentials"
echo "Postern will be deployed"
echo "  to      stack $STACK in account $account, Region $region"
echo "  from    infra/postern.yaml for $ARCH; other parameters: ${*:-as before, or by default}"
for i in "${!functions[@]}"; do
    echo "  upload  $ZIPS/${functions[i]}/bootstrap.zip"
    echo "          to s3://$BUCKET/${keys[i]}"
done

for i in "${!functions[@]}"; do
    "$AWS_CLI" s3 cp --only-show-errors "$ZIPS/${functions[i]}/bootstrap.zip" "s3://$BUCKET/${keys[i]}"
done

started=$(date -u +%Y-%m-%dT%H:%M:%S)
# CAPABILITY_IAM: the template holds roles, whose names CloudFormation makes.
"$AWS_CLI" cloudformation deploy \
    --stack-name "$STACK" \
    --template-file infra/postern.yaml \
    --capabilities CAPABILITY_IAM \
    --no-fail-on-empty-changeset \
    --parameter-overrides "${overrides[@]}" "$@" || {
    "$AWS_CLI" cloudformation describe-stack-events --stack-name "$STACK" --output text --query \
        "StackEvents[?contains(ResourceStatus, 'FAILED')].[Timestamp, LogicalResourceId, ResourceStatusReason]" |
        awk -v since="$started" '$1 >= since' >&2 || true
    fail "the stack is not deployed"
}

"$AWS_CLI" cloudformation describe-stacks --stack-name "$STACK" --output table \
    --query "Stacks[0].Outputs[].[OutputKey, OutputValue]"
