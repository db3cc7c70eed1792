# What deploy.sh and destroy.sh share. Sourced by them, in the project's directory.

fail() {
    echo "$program: $1" >&2
    exit 1
}

STACK=${STACK:-postern}
AWS_CLI=${AWS_CLI:-.venv/bin/aws}
command -v "$AWS_CLI" >/dev/null || fail "no AWS CLI at \`$AWS_CLI\`: run \`make .venv/.stamp\` first"

# The first version of the CLI, which .venv has, knows AWS_DEFAULT_REGION only.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$("$AWS_CLI" configure get region || true)}}
[ -n "$region" ] || fail "set AWS_REGION, or a Region in the AWS CLI's configuration"
export AWS_DEFAULT_REGION=$region

account=$("$AWS_CLI" sts get-caller-identity --query Account --output text) ||
    fail "the AWS CLI has no usable credentials"

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

# unless ERROR COMMAND...: what the AWS CLI answers to the command; nothing where AWS answers with this error.
unless() {
    local error=$1 answer
    shift
    if answer=$("$AWS_CLI" "$@" 2>"$errors"); then
        if [ "$answer" != None ]; then echo "$answer"; fi
    elif ! grep -qF "$error" "$errors"; then
        fail "\`aws $1 $2\` failed: $(cat "$errors")"
    fi
}

# The status of a stack; nothing where there is none.
stack_status() {
    unless "does not exist" cloudformation describe-stacks --stack-name "$1" --output text \
        --query "Stacks[0].StackStatus"
}

# The value of an output of the stack; nothing where it has no such output.
stack_output() {
    unless "does not exist" cloudformation describe-stacks --stack-name "$STACK" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'] | [0].OutputValue"
}

# Deletes the stack and waits until it is gone.
delete_stack() {
    "$AWS_CLI" cloudformation delete-stack --stack-name "$STACK"
    "$AWS_CLI" cloudformation wait stack-delete-complete --stack-name "$STACK" || {
        show_failures
        fail "the stack \`$STACK\` is not deleted; correct the cause above, then delete it again"
    }
}

# What went wrong in the stack since this program started.
started=$(date -u +%Y-%m-%dT%H:%M:%S)
show_failures() {
    "$AWS_CLI" cloudformation describe-stack-events --stack-name "$STACK" --output text --query \
        "StackEvents[?contains(ResourceStatus, 'FAILED')].[Timestamp, LogicalResourceId, ResourceStatusReason]" |
        awk -v since="$started" '$1 >= since' >&2 || true
}
