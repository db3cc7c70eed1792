//! Creates a managed security group of a VPC.

use postern_core::changes::{Change, ChangeOutcome, CreateManagedGroup, DeleteSecurityGroup};
use postern_core::model::managed::GroupPurpose;
use postern_core::model::snapshot::SecurityGroup;

use super::applier::{Applier, CREATE_TAGS, Step, not_needed, skipped};
use super::refusal;
use crate::describe;
use crate::error::CallError;

const CREATE_SECURITY_GROUP: &str = "ec2:CreateSecurityGroup";
const DELETE_SECURITY_GROUP: &str = "ec2:DeleteSecurityGroup";

pub(super) const CALLS: &[&str] = &[describe::SECURITY_GROUPS, CREATE_SECURITY_GROUP, CREATE_TAGS];
pub(super) const UNDO_CALLS: &[&str] = &[describe::SECURITY_GROUPS, DELETE_SECURITY_GROUP];

pub(super) async fn apply(applier: &mut Applier, change: &CreateManagedGroup, control: &str) -> Step {
    let CreateManagedGroup { vpc, purpose } = change;
    let name = purpose.group_name();
    if let Some(group) = applier.managed_group(vpc, *purpose).await? {
        return Err(exists(&group));
    }
    let request = applier
        .ec2
        .create_security_group()
        .group_name(name)
        .description(match purpose {
            GroupPurpose::Ingress => "HTTPS to VPC endpoints, managed by Postern",
            GroupPurpose::Quarantine => "No rules: VPC endpoints in quarantine, managed by Postern",
        })
        .vpc_id(vpc.as_str())
        .tag_specifications(applier.tags("security-group", name, control));
    let answer = request.send().await;
    match answer.map_err(|error| CallError::new(CREATE_SECURITY_GROUP, error)) {
        Ok(answer) => {
            let id = answer
                .group_id
                .ok_or_else(|| CallError::unreadable(CREATE_SECURITY_GROUP, "the answer lacks the group id"))
                .map_err(refusal::outcome)?;
            applier.managed.insert((vpc.clone(), *purpose), id.as_str().into());
            Ok(Some(id))
        }
        // Created since by somebody else, most likely by a run at the same time.
        Err(error) if error.is(&["InvalidGroup.Duplicate"]) => match applier.managed_group(vpc, *purpose).await? {
            Some(group) => Err(exists(&group)),
            None => Err(refusal::outcome(error.into_transient())),
        },
        Err(error) => Err(refusal::outcome(error)),
    }
}

pub(super) async fn undo(applier: &mut Applier, inverse: &DeleteSecurityGroup, change: Option<&Change>) -> Step {
    let id = &inverse.group;
    let (_, group) = applier.managed_group_by_id(id).await?;
    if change.is_some() && !group.ingress.is_empty() {
        let rules = group.ingress.len();
        return Err(skipped(format!(
            "{id} has {rules} rules since; undo the changes that added them first"
        )));
    }
    let answer = applier.ec2.delete_security_group().group_id(id.as_str()).send().await;
    answer.map_err(|error| refusal::outcome_of_undo(CallError::new(DELETE_SECURITY_GROUP, error), id))?;
    applier.managed.retain(|_, managed| managed != id);
    Ok(None)
}

fn exists(group: &SecurityGroup) -> ChangeOutcome {
    not_needed(format!("{} exists", group.id))
}
