#!/usr/bin/env bash
# Deletes the stack after a question, and says what stays.
#
#   infra/destroy.sh
#
# STACK    name of the stack                                                  (default: postern)
# CONFIRM  name of the stack, to answer the question before it is asked
# AWS_CLI  the AWS CLI to use                                                 (default: .venv/bin/aws)
#
# Region, credentials and AWS_ENDPOINT_URL are set as for the AWS CLI.
set -euo pipefail
cd "$(dirname "$0")/.."
program=destroy
. infra/common.sh

[ -n "$(stack_status "$STACK")" ] || fail "there is no stack \`$STACK\` in account $account, Region $region"
table=$(stack_output LedgerTable)

managed=Name=tag:postern:managed,Values=true
endpoints=$("$AWS_CLI" ec2 describe-vpc-endpoints --filters "$managed" --output text \
    --query "VpcEndpoints[?State!='deleted' && State!='deleting'].[VpcId, VpcEndpointId, ServiceName]") ||
    fail "cannot list the endpoints that Postern created"
groups=$("$AWS_CLI" ec2 describe-security-groups --filters "$managed" --output text \
    --query "SecurityGroups[].[VpcId, GroupId, GroupName]") ||
    fail "cannot list the security groups that Postern created"
resources=$(printf '%s\n%s\n' "$endpoints" "$groups" | grep -v -e '^$' -e '^None$' | sort || true)

echo "Stack $STACK in account $account, Region $region will be deleted: functions with their logs, rules, queues with"
echo "the events in them, topics, alarms, roles. From then on nothing is evaluated, repaired or reported."
echo
echo "What stays:"
if [ -n "$table" ]; then
    echo "- The ledger, table $table: what Postern changed, and how to roll it back. A later \`make deploy\` of"
    echo "  a stack with the same name goes on with it; another stack, with PARAMETERS='LedgerTable=$table'."
    echo "  To delete it, run: aws dynamodb delete-table --table-name $table"
fi
if [ -n "$resources" ]; then
    echo "- What Postern created in the VPCs. It goes on working, and interface endpoints go on costing:"
    awk '{ print "    " $1 "  " $2 "  " $3 }' <<<"$resources"
    echo "  To remove it, answer no and run this first, while the stack is there:"
    echo "    postern release --all --region $region --table ${table:-TABLE}"
else
    echo "- No endpoint and no security group in the VPCs: none carries the tag postern:managed."
fi
echo "- The zip files of the functions in the bucket, and changes of endpoints that Postern did not create."
echo

if [ -n "${CONFIRM:-}" ]; then
    answer=$CONFIRM
else
    printf 'To delete the stack, type its name: '
    read -r answer || true
fi
[ "$answer" = "$STACK" ] || fail "nothing is deleted: the answer is not \`$STACK\`"

delete_stack
echo "Stack $STACK is deleted."
