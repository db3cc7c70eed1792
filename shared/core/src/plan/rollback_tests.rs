//! Rollbacks, and releases of subnets and VPCs.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::changes::{AddSubnet, DeleteEndpoint, DeleteSecurityGroup, Inverse, RemoveSubnet};
use crate::controls::CONTROLS;
use crate::history::{Action, ChangeId, ChangeRecord, ChangeStatus, Pause};
use crate::model::managed::{MANAGED_GROUP_NAME, TAG_MANAGED};
use crate::model::part::{Part, Tags};
use crate::model::snapshot::{SubnetClass, VpcSnapshot};
use crate::testing::strategy::worlds;
use crate::testing::{
    ALLOW_ALL, NOW, RUN, TERRAFORM, VPC, World, bare, record, support, tagged, tags, triggering_event,
};
use crate::trigger::Failure;

/// What a plan enforces, as records with what AWS created, and the VPC after it.
fn carried_out(world: &World) -> (Vec<ChangeRecord>, VpcSnapshot) {
    let mut state = world.snapshot.clone();
    let mut records = Vec::new();
    for (n, planned) in world.plan().enforced().enumerate() {
        state = planned.change.make_in(&state);
        let created = planned.change.simulated_id(&state.state());
        if matches!(
            planned.change,
            Change::CreateManagedGroup(_) | Change::CreateEndpoint(_)
        ) {
            state = tagged(state, created.as_deref(), RUN);
        }
        let mut made = record(planned.change.clone(), RUN, NOW);
        made.id = ChangeId::new(made.time, &RUN.into(), n);
        made.id = format!("{:03}-{}", n, made.id).as_str().into();
        made.causes = planned.causes.clone();
        made.status = ChangeStatus::Applied { created };
        records.push(made);
    }
    (records, state)
}

fn inverses(rollback: &Rollback) -> Vec<Inverse> {
    let undo = |step: &UndoStep| match &step.undo {
        Undo::Apply(inverse) => Some(inverse.clone()),
        Undo::NotNeeded { .. } => None,
    };
    rollback.steps.iter().filter_map(undo).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rollback_of_a_run_restores_the_state_before_it(world in worlds()) {
        let (records, after) = carried_out(&world);
        let back = rollback(&records, &after.state());
        prop_assert_eq!(&back.stopped, &None);
        prop_assert_eq!(back.steps.len(), records.len());
        let taken_back = inverses(&back);
        let restored = taken_back.iter().fold(after.clone(), |state, inverse| inverse.make_in(&state));
        prop_assert_eq!(&restored, &world.snapshot);
        let undone: Vec<_> = records
            .iter()
            .map(|record| ChangeRecord { undone_by: Some("20261123T130000.000000Z-0a1b2c3d".into()), ..record.clone() })
            .collect();
        let again = rollback(&undone, &restored.state());
        prop_assert_eq!((&again.stopped, inverses(&again)), (&None, vec![]));
        // Held, nothing of it is done again.
        let mut held = World { snapshot: restored, ..world.clone() };
        let keys = reopened(&taken_back, CONTROLS, &after.state(), &held.settings, held.now);
        let causes = records.iter().flat_map(|record| record.causes.iter().cloned());
        held.history.pauses = keys.into_iter().chain(causes).map(|key| Pause {
            key,
            reason: "rolled back".to_owned(),
            expires: Timestamp::MAX,
        }).collect();
        let plan = held.plan();
        let again = plan.enforced().find(|planned| records.iter().any(|record| {
            matches!(&record.action, Action::Change(made) if planned.change.repeats(made))
        }));
        prop_assert_eq!(again, None);
    }
}

/// An endpoint of ours that a run created, with its group.
fn created() -> (Vec<ChangeRecord>, World) {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .require(&["sts"]);
    let (records, snapshot) = carried_out(&world);
    (records, World { snapshot, ..world })
}

fn endpoint_id(world: &World) -> String {
    world
        .snapshot
        .endpoints
        .as_ref()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .to_string()
}

fn stopped(edit: impl FnOnce(World, &str) -> World) -> String {
    let (records, world) = created();
    let id = endpoint_id(&world);
    let world = edit(world, &id);
    rollback(&records, &world.snapshot.state()).stopped.unwrap().text
}

#[test]
fn private_dns_that_ec2_tells_of_a_gateway_endpoint_does_not_stop_its_rollback() {
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .require_gateway(&["s3"]);
    let (records, snapshot) = carried_out(&world);
    let id = endpoint_id(&World {
        snapshot: snapshot.clone(),
        ..world.clone()
    });
    let world = World { snapshot, ..world }.edit_endpoint(&id, |e| e.private_dns = true);
    let plan = rollback(&records, &world.snapshot.state());
    assert_eq!(plan.stopped, None);
}

#[test]
fn change_altered_since_is_not_rolled_back() {
    let text = stopped(|world, id| world.edit_endpoint(id, |e| e.policy = Some(ALLOW_ALL.to_owned())));
    assert!(text.ends_with("its policy changed since"), "{text}");
    let text = stopped(|world, id| {
        world.edit_endpoint(id, |e| {
            e.subnets.remove(&"subnet-b".into());
            e.security_groups = ["sg-https".into()].into();
        })
    });
    assert!(
        text.ends_with("its subnets, its security groups changed since"),
        "{text}"
    );
    let text = stopped(|world, id| world.edit_endpoint(id, |e| e.tags = Tags::new()));
    assert!(text.contains("no longer has the tag postern:managed"), "{text}");
    let text = stopped(|world, id| world.edit_endpoint(id, |e| e.requester_managed = true));
    assert!(text.contains("managed by the AWS service"), "{text}");
    let text = stopped(|world, _| world.gap(Part::Endpoints));
    assert!(text.contains("the call for Endpoints was denied"), "{text}");
    let text = stopped(|world, _| {
        let theirs = world.clone().interface("vpce-theirs", "kms", &["subnet-a"]);
        let group = theirs.snapshot.managed_group().unwrap().id.clone();
        theirs.edit_endpoint("vpce-theirs", |e| e.security_groups = [group].into())
    });
    assert!(text.ends_with("is attached to vpce-theirs"), "{text}");
}

#[test]
fn unsettled_change_is_not_rolled_back() {
    let (mut records, world) = created();
    records.last_mut().unwrap().status = ChangeStatus::Intended;
    let back = rollback(&records, &world.snapshot.state());
    assert_eq!(back.steps, []);
    assert!(back.stopped.unwrap().text.contains("not known yet"));
    for status in [
        ChangeStatus::NotNeeded {
            reason: "it is".to_owned(),
        },
        ChangeStatus::Failed {
            cause: "denied".to_owned(),
        },
    ] {
        let mut one = record(support(), RUN, NOW);
        one.status = status;
        assert!(inverses(&rollback(&[one], &world.snapshot.state())).is_empty());
    }
}

#[test]
fn release_of_a_vpc_removes_only_what_postern_created() {
    let (records, world) = created();
    let id = endpoint_id(&world);
    let world = world.interface("vpce-theirs", "kms", &["subnet-a"]);
    let target = ReleaseTarget::parse(VPC).unwrap();
    let found = release(&target, &world.snapshot.state(), &records).unwrap();
    let group = world.snapshot.managed_group().unwrap().id.clone();
    assert_eq!(
        found.inverses,
        [
            Inverse::DeleteEndpoint(DeleteEndpoint {
                endpoint: id.as_str().into()
            }),
            Inverse::DeleteSecurityGroup(DeleteSecurityGroup { group: group.clone() })
        ]
    );
    assert_eq!(found.remaining, ["vpce-theirs (com.amazonaws.eu-central-1.kms)"]);
    let shared = world.edit_endpoint("vpce-theirs", |e| e.security_groups = [group.clone()].into());
    let found = release(&target, &shared.snapshot.state(), &records).unwrap();
    assert_eq!(found.inverses.len(), 1);
    assert!(
        found
            .in_use
            .contains(&format!("{group} ({MANAGED_GROUP_NAME}), because vpce-theirs uses it"))
    );
    assert!(release(&target, &shared.gap(Part::SecurityGroups).snapshot.state(), &records).is_err());
}

#[test]
fn release_of_a_subnet_keeps_the_endpoint_in_other_subnets() {
    let (records, world) = created();
    let id = endpoint_id(&world);
    let target = ReleaseTarget::parse("subnet-b").unwrap();
    let remove = |id: &str| {
        Inverse::RemoveSubnet(RemoveSubnet {
            endpoint: id.into(),
            subnet: "subnet-b".into(),
        })
    };
    assert_eq!(
        release(&target, &world.snapshot.state(), &records).unwrap().inverses,
        [remove(&id)]
    );
    let last = world
        .clone()
        .edit_endpoint(&id, |e| e.subnets = ["subnet-b".into()].into());
    let delete = Inverse::DeleteEndpoint(DeleteEndpoint {
        endpoint: id.as_str().into(),
    });
    assert_eq!(
        release(&target, &last.snapshot.state(), &records).unwrap().inverses,
        [delete]
    );
    // Theirs, into which we were only asked to bring the subnet.
    let theirs = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .interface("vpce-sts", "sts", &["subnet-a", "subnet-b"]);
    let untouched = release(&target, &theirs.snapshot.state(), &[]).unwrap();
    assert_eq!((untouched.inverses.len(), untouched.remaining.len()), (0, 1));
    let added = Change::AddSubnet(AddSubnet {
        endpoint: "vpce-sts".into(),
        subnet: "subnet-b".into(),
        zone: "eu-central-1b".into(),
    });
    let placed = release(&target, &theirs.snapshot.state(), &[record(added, RUN, NOW)]).unwrap();
    assert_eq!(placed.inverses, [remove("vpce-sts")]);
}

#[test]
fn deletion_blocked_by_postern_resources_is_reported() {
    let (records, world) = created();
    let failed = |event: &str, resource: &str| {
        let mut triggering_event = triggering_event(event, TERRAFORM);
        triggering_event.failure = Some(Failure {
            code: "Client.DependencyViolation".to_owned(),
            resource: resource.to_owned(),
        });
        triggering_event
    };
    let noticed = |triggering_events: &[_]| notices(triggering_events, &world.snapshot.state(), &records);
    let subnet = failed("DeleteSubnet", "subnet-a");
    let found = noticed(&[subnet.clone(), subnet]);
    let [notice] = found.as_slice() else {
        panic!("{found:?}")
    };
    let text = notice.text.replace(&endpoint_id(&world), "vpce-ours");
    insta::assert_snapshot!(text, @"DeleteSubnet by arn:aws:iam::111122223333:user/ada failed (Client.DependencyViolation): subnet-a contains vpce-ours (com.amazonaws.eu-central-1.sts) in subnet-a, which Postern created. To remove what Postern created, use the command.");
    assert_eq!(notice.command.as_deref(), Some("postern release subnet-a"));
    assert_eq!(noticed(&[failed("DeleteVpc", VPC)]).len(), 1);
    assert_eq!(
        noticed(&[failed("DeleteVpc", "vpc-2"), failed("DeleteSubnet", "subnet-z")]),
        []
    );
    assert_eq!(noticed(&[triggering_event("CreateSubnet", TERRAFORM)]), []);
    let theirs = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .interface("vpce-sts", "sts", &["subnet-a"]);
    assert_eq!(
        notices(&[failed("DeleteSubnet", "subnet-a")], &theirs.snapshot.state(), &[]),
        []
    );
    let marked = theirs.edit_endpoint("vpce-sts", |e| e.tags = tags(&[(TAG_MANAGED, "true")]));
    assert_eq!(
        notices(&[failed("DeleteSubnet", "subnet-a")], &marked.snapshot.state(), &[]).len(),
        1
    );
}
