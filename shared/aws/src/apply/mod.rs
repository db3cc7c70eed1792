//! Carries out changes, each only if live state right before it still asks for it, and takes them back.

mod create;
mod group;
mod modify;
mod refusal;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use postern_core::changes::{
    AddSubnet, AssociateRouteTable, AttachManagedGroup, AuthorizeIngress, Change, ChangeKind, ChangeOutcome,
    CreateManagedGroup, EnablePrivateDns, EnableVpcDns, ReplacePolicy,
};
use postern_core::model::id::{AccountId, Region, RunId, SecurityGroupId, VpcId};
use postern_core::model::managed::{TAG_CONTROL, TAG_MANAGED, TAG_RUN};

use crate::calls::Calls;
use crate::describe;
use crate::error::CallError;
use crate::session::Session;

pub use undo::undo_calls;

const MODIFY_VPC_ATTRIBUTE: &str = "ec2:ModifyVpcAttribute";
const CREATE_SECURITY_GROUP: &str = "ec2:CreateSecurityGroup";
const AUTHORIZE_INGRESS: &str = "ec2:AuthorizeSecurityGroupIngress";
const CREATE_ENDPOINT: &str = "ec2:CreateVpcEndpoint";
const MODIFY_ENDPOINT: &str = "ec2:ModifyVpcEndpoint";
/// For tags in a create call.
const CREATE_TAGS: &str = "ec2:CreateTags";
/// AWS checks it of whoever lets an endpoint take over a private DNS name.
const ASSOCIATE_ZONE: &str = "route53:AssociateVPCWithHostedZone";

/// What AWS needs to show everywhere what was just created, in most cases.
const SETTLE: Duration = Duration::from_secs(2);

/// The IAM actions that applying a change takes.
pub fn calls(kind: ChangeKind) -> &'static [&'static str] {
    match kind {
        ChangeKind::EnableVpcDns => &[describe::VPC_ATTRIBUTE, MODIFY_VPC_ATTRIBUTE],
        ChangeKind::CreateManagedGroup => &[describe::SECURITY_GROUPS, CREATE_SECURITY_GROUP, CREATE_TAGS],
        ChangeKind::AuthorizeIngress => &[describe::SECURITY_GROUPS, AUTHORIZE_INGRESS],
        ChangeKind::CreateEndpoint => &[
            describe::ENDPOINTS,
            describe::SECURITY_GROUPS,
            CREATE_ENDPOINT,
            CREATE_TAGS,
            ASSOCIATE_ZONE,
        ],
        ChangeKind::AddSubnet | ChangeKind::AssociateRouteTable | ChangeKind::ReplacePolicy => {
            &[describe::ENDPOINTS, MODIFY_ENDPOINT]
        }
        ChangeKind::AttachManagedGroup => &[describe::ENDPOINTS, describe::SECURITY_GROUPS, MODIFY_ENDPOINT],
        ChangeKind::EnablePrivateDns => &[describe::ENDPOINTS, MODIFY_ENDPOINT, ASSOCIATE_ZONE],
    }
}

/// Applies the changes of one run in one account and Region, one after the other.
#[derive(Debug)]
pub struct Applier {
    ec2: Client,
    account: AccountId,
    region: Region,
    run: RunId,
    /// The managed groups that this run created or met: AWS may take a moment to show a new one.
    managed: BTreeMap<VpcId, SecurityGroupId>,
    settle: Duration,
    session: Session,
    /// What was done instead of the last change, where a part of it was done already.
    part: Option<Change>,
}

/// The id to remember of an applied change, or what else came of it.
type Step = Result<Option<String>, ChangeOutcome>;

impl Session {
    pub fn applier(&self, region: &Region, run: &RunId) -> Applier {
        Applier {
            ec2: self.ec2(region),
            account: self.account().clone(),
            region: region.clone(),
            run: run.clone(),
            managed: BTreeMap::new(),
            settle: SETTLE,
            session: self.clone(),
            part: None,
        }
    }
}

impl Applier {
    /// Applies one change, for the sake of this control. Applied again, it finds nothing to do.
    pub async fn apply(&mut self, change: &Change, control: &str) -> ChangeOutcome {
        let before = self.session.calls();
        self.part = None;
        let step = match change {
            Change::EnableVpcDns(EnableVpcDns { vpc, attribute }) => self.enable_vpc_dns(vpc, *attribute).await,
            Change::CreateManagedGroup(CreateManagedGroup { vpc }) => self.create_managed_group(vpc, control).await,
            Change::AuthorizeIngress(AuthorizeIngress { group, cidrs }) => {
                self.authorize_ingress(group, cidrs, control).await
            }
            Change::CreateEndpoint(new) => self.create_endpoint(new, control).await,
            Change::AddSubnet(AddSubnet { endpoint, subnet, zone }) => self.add_subnet(endpoint, subnet, zone).await,
            Change::AssociateRouteTable(AssociateRouteTable { endpoint, route_table }) => {
                self.associate_route_table(endpoint, route_table).await
            }
            Change::AttachManagedGroup(AttachManagedGroup { endpoint, group }) => {
                self.attach_managed_group(endpoint, group).await
            }
            Change::EnablePrivateDns(EnablePrivateDns { endpoint }) => self.enable_private_dns(endpoint).await,
            Change::ReplacePolicy(ReplacePolicy {
                endpoint,
                before,
                after,
            }) => self.replace_policy(endpoint, before, after).await,
        };
        match step {
            Ok(created) => ChangeOutcome::Applied { created },
            // What is there already was not there a moment ago: an attempt whose answer got lost made it.
            Err(ChangeOutcome::NotNeeded { .. }) if self.repeated(change, &before) => ChangeOutcome::Applied {
                created: self.managed_of(change),
            },
            Err(ChangeOutcome::Failed { cause, transient }) => ChangeOutcome::Failed {
                cause: format!("could not {change}: {cause}"),
                transient,
            },
            Err(other) => other,
        }
    }

    /// What the last change came to where a part of it was done already: that alone is to be taken back.
    pub fn part(&mut self) -> Option<Change> {
        self.part.take()
    }

    /// Whether a request that changes something was sent more than once since then, attempts of the SDK counted each.
    /// Endpoints have a token, which tells better.
    fn repeated(&self, change: &Change, before: &Calls) -> bool {
        let since = self.session.calls().since(before);
        let changing = |operation: &str| !operation.starts_with("Describe");
        change.kind() != ChangeKind::CreateEndpoint
            && since
                .by_operation()
                .any(|(operation, count)| changing(operation) && count > 1)
    }

    /// The id of the managed group where a change makes it or refers to it.
    fn managed_of(&self, change: &Change) -> Option<String> {
        let vpc = match change {
            Change::CreateManagedGroup(CreateManagedGroup { vpc }) => vpc,
            Change::AuthorizeIngress(AuthorizeIngress { group, .. })
            | Change::AttachManagedGroup(AttachManagedGroup { group, .. }) => &group.vpc,
            _ => return None,
        };
        self.managed.get(vpc).map(|id| id.0.clone())
    }

    /// The outcome of a change of which a call failed that names the managed group.
    fn refused(&self, error: CallError) -> ChangeOutcome {
        let unseen = error.is(&["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"]);
        if unseen && !self.managed.is_empty() {
            // This run saw or created it.
            return refusal::outcome(error.into_transient());
        }
        refusal::outcome(error)
    }

    fn tags(&self, resource: &str, name: &str, control: &str) -> TagSpecification {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        TagSpecification::builder()
            .resource_type(ResourceType::from(resource))
            .tags(tag("Name", name))
            .tags(tag(TAG_MANAGED, "true"))
            .tags(tag(TAG_CONTROL, control))
            .tags(tag(TAG_RUN, self.run.as_str()))
            .build()
    }
}

fn not_needed(reason: impl Into<String>) -> ChangeOutcome {
    ChangeOutcome::NotNeeded { reason: reason.into() }
}

fn skipped(reason: impl Into<String>) -> ChangeOutcome {
    ChangeOutcome::Skipped { reason: reason.into() }
}

fn failed(cause: impl Into<String>) -> ChangeOutcome {
    ChangeOutcome::Failed {
        cause: cause.into(),
        transient: false,
    }
}

/// EC2 answers some calls with success and then says in the answer that it did not do it.
fn accepted(call: &'static str, done: Option<bool>) -> Result<(), CallError> {
    match done {
        Some(false) => Err(CallError::unreadable(call, "AWS answered that it did not do it")),
        _ => Ok(()),
    }
}
