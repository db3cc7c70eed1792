//! The change history, in named cases and in laws over random VPCs.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::changes::{AddSubnet, AuthorizeIngress, Change, CreateManagedGroup, HTTPS, ManagedGroup, ReplacePolicy};
use crate::controls::{ingress_blocked, policy_open, vpc_dns_disabled};
use crate::model::cost::MonthlyCost;
use crate::model::endpoint::EndpointState;
use crate::model::finding::{FindingKey, ResourceKind};
use crate::model::part::Part;
use crate::model::snapshot::{SubnetClass, VpcSnapshot};
use crate::settings::{Limits, Mode};
use crate::testing::strategy::worlds;
use crate::testing::{
    ALLOW_ALL, NOW, RUN, TERRAFORM, VPC, World, advice, bare, changes, compliant, https, nets, record, support, tagged,
    triggering_event,
};
use crate::trigger::Tool;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn settled(records: &[ChangeRecord], snapshot: &VpcSnapshot) -> Vec<ChangeRecord> {
    let history = ChangeHistory {
        records: records.to_vec(),
        ..ChangeHistory::default()
    };
    history.settle(&snapshot.state(), at(NOW))
}

fn status(record: &ChangeRecord, snapshot: &VpcSnapshot) -> Option<ChangeStatus> {
    settled(std::slice::from_ref(record), snapshot)
        .pop()
        .map(|record| record.status)
}

fn parts(change: &Change) -> &'static [Part] {
    match change {
        Change::EnableVpcDns(_) => &[Part::Dns],
        Change::CreateManagedGroup(_) | Change::AuthorizeIngress(_) => &[Part::SecurityGroups],
        Change::AttachManagedGroup(_) | Change::IsolateEndpoint(_) => &[Part::SecurityGroups, Part::Endpoints],
        Change::CreateEndpoint(_)
        | Change::AddSubnet(_)
        | Change::AssociateRouteTable(_)
        | Change::EnablePrivateDns(_)
        | Change::QuarantineEndpoint(_)
        | Change::ReplacePolicy(_) => &[Part::Endpoints],
        Change::RequireAcceptance(_) => &[Part::Configuration],
        Change::RemoveServicePrincipals(_) => &[Part::Permissions],
        Change::AcceptConnection(_) | Change::RejectConnection(_) => &[Part::Connections],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unfinished_change_is_settled_by_what_aws_shows(world in worlds()) {
        let mut state = world.snapshot.clone();
        for planned in &world.plan().changes {
            let intended = record(planned.change.clone(), RUN, "2026-11-23T11:00:00Z").intended();
            prop_assert!(
                matches!(status(&intended, &state), Some(ChangeStatus::NotApplied { .. })),
                "{} was not done: {:?}", planned.change, status(&intended, &state)
            );
            let after = planned.change.make_in(&state);
            let id = planned.change.simulated_id(&after.state());
            let after = tagged(after, id.as_deref(), RUN);
            prop_assert_eq!(status(&intended, &after), Some(ChangeStatus::Applied { created: id.clone() }), "{}", planned.change);

            let inverse = planned.change.inverse(id.as_deref()).unwrap();
            let undo = ChangeRecord { action: Action::Undo(inverse.clone()), ..intended.clone() };
            prop_assert!(matches!(status(&undo, &after), Some(ChangeStatus::NotApplied { .. })), "{inverse:?}");
            let undone = inverse.make_in(&after);
            prop_assert_eq!(status(&undo, &undone), Some(ChangeStatus::Applied { created: None }), "{:?}", inverse);

            let unseen = parts(&planned.change).iter().fold(World { snapshot: after.clone(), ..world.clone() }, |w, p| w.gap(*p));
            prop_assert_eq!(status(&intended, &unseen.snapshot), None, "{}", planned.change);
            let others = Part::VPC.into_iter().filter(|part| !parts(&planned.change).contains(part));
            let seen = others.fold(World { snapshot: after.clone(), ..world.clone() }, World::gap);
            prop_assert!(status(&intended, &seen.snapshot).is_some(), "{}", planned.change);
            state = after;
        }
    }

    #[test]
    fn settled_change_stays_settled(world in worlds()) {
        let mut state = world.snapshot.clone();
        let mut records = Vec::new();
        for planned in &world.plan().changes {
            records.push(record(planned.change.clone(), RUN, "2026-11-23T11:00:00Z").intended());
            state = planned.change.make_in(&state);
        }
        for settled in settled(&records, &state) {
            prop_assert!(settled.status.settled() && !settled.delivered);
        }
        let mut again = records;
        for record in &mut again {
            record.status = ChangeStatus::NotNeeded { reason: "it was so".to_owned() };
        }
        prop_assert_eq!(settled(&again, &state), []);
    }
}

#[test]
fn young_change_that_does_not_show_yet_stays_unsettled() {
    let off = bare().dns(false, true).snapshot;
    let young = record(support(), RUN, "2026-11-23T11:55:01Z").intended();
    assert_eq!(status(&young, &off), None);
    let old = record(support(), RUN, "2026-11-23T11:55:00Z").intended();
    let reason = "DNS support is disabled".to_owned();
    assert_eq!(status(&old, &off), Some(ChangeStatus::NotApplied { reason }));
    let shown = bare().dns(true, true).snapshot;
    assert_eq!(status(&young, &shown), Some(ChangeStatus::Applied { created: None }));
}

#[test]
fn change_made_by_a_later_run_is_not_counted_twice() {
    let lost = record(support(), "run-1", "2026-11-23T10:00:00Z").intended();
    let made = record(support(), "run-2", "2026-11-23T11:00:00Z");
    let on = bare().snapshot;
    let reason = format!("change {} made it", made.id);
    let records = settled(&[lost.clone(), made.clone()], &on);
    assert_eq!(
        records.iter().map(|r| &r.status).collect::<Vec<_>>(),
        [&ChangeStatus::NotApplied { reason }]
    );
    let met = ChangeRecord {
        status: ChangeStatus::NotNeeded {
            reason: "it is on".to_owned(),
        },
        ..made
    };
    assert_eq!(
        settled(&[lost, met], &on)[0].status,
        ChangeStatus::Applied { created: None }
    );
}

#[test]
fn resource_created_by_another_run_is_not_attributed() {
    let group = Change::CreateManagedGroup(CreateManagedGroup::for_ingress(VPC.into()));
    let intended = record(group.clone(), "run-1", "2026-11-23T11:00:00Z").intended();
    let after = group.make_in(&bare().snapshot);
    let id = group.simulated_id(&after.state());
    let theirs = tagged(after.clone(), id.as_deref(), "run-2");
    assert!(
        matches!(status(&intended, &theirs), Some(ChangeStatus::NotApplied { reason }) if reason.contains("another run"))
    );
    let ours = tagged(after, id.as_deref(), "run-1");
    assert_eq!(status(&intended, &ours), Some(ChangeStatus::Applied { created: id }));
}

#[test]
fn wider_rule_of_another_run_is_not_attributed() {
    let rule = Change::AuthorizeIngress(AuthorizeIngress {
        group: ManagedGroup { vpc: VPC.into() },
        ports: HTTPS,
        cidrs: nets(&["10.0.0.0/24"]),
    });
    let intended = record(rule, "run-1", "2026-11-23T11:00:00Z").intended();
    let with = |cidr: &str| bare().managed_group("sg-managed", &[https(cidr)]).snapshot;
    let reason = "sg-managed has no rule for 10.0.0.0/24".to_owned();
    assert_eq!(
        status(&intended, &with("10.0.0.0/22")),
        Some(ChangeStatus::NotApplied { reason })
    );
    let created = Some("sg-managed".to_owned());
    assert_eq!(
        status(&intended, &with("10.0.0.0/24")),
        Some(ChangeStatus::Applied { created })
    );
}

#[test]
fn record_is_unfinished_until_settled_and_delivered() {
    let delivered = record(support(), RUN, NOW);
    assert!(!delivered.unfinished());
    assert!(delivered.clone().intended().unfinished());
    let silent = ChangeRecord {
        delivered: false,
        ..delivered.clone()
    };
    assert!(silent.unfinished());
    let uncertain = ChangeStatus::Uncertain {
        cause: "the connection was lost".to_owned(),
    };
    let uncertain = ChangeRecord {
        status: uncertain,
        ..delivered
    };
    assert!(uncertain.unfinished());
}

#[test]
fn dying_endpoint_shows_no_effect() {
    let added = Change::AddSubnet(AddSubnet {
        endpoint: "vpce-sts".into(),
        subnet: "subnet-a".into(),
        zone: "eu-central-1a".into(),
    });
    let intended = record(added, "run-1", "2026-11-23T11:00:00Z").intended();
    let world = bare().interface("vpce-sts", "sts", &["subnet-a"]);
    let there = status(&intended, &world.snapshot);
    assert!(matches!(there, Some(ChangeStatus::Applied { .. })), "{there:?}");
    let going = world.edit_endpoint("vpce-sts", |endpoint| endpoint.state = EndpointState::Deleting);
    let gone = ChangeStatus::NotApplied {
        reason: "vpce-sts is gone".to_owned(),
    };
    assert_eq!(status(&intended, &going.snapshot), Some(gone));
}

#[test]
fn policies_are_compared_by_content() {
    let replaced = Change::ReplacePolicy(ReplacePolicy {
        endpoint: "vpce-s3".into(),
        before: ALLOW_ALL.to_owned(),
        after: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
    });
    let intended = record(replaced, "run-1", "2026-11-23T11:00:00Z").intended();
    let live = |policy: &str| {
        let world = compliant().edit_endpoint("vpce-s3", |endpoint| endpoint.policy = Some(policy.to_owned()));
        status(&intended, &world.snapshot)
    };
    let rewritten = live("{ \"Statement\": [], \"Version\": \"2012-10-17\" }");
    assert!(matches!(rewritten, Some(ChangeStatus::Applied { .. })), "{rewritten:?}");
    let other = live(r#"{"Version":"2008-10-17","Statement":[]}"#);
    assert!(matches!(other, Some(ChangeStatus::NotApplied { .. })), "{other:?}");
}

#[test]
fn settled_change_is_reported_after_its_uncertainty_was() {
    let world = compliant();
    let uncertain = ChangeRecord {
        status: ChangeStatus::Uncertain {
            cause: "the connection was lost".to_owned(),
        },
        delivered: true,
        ..record(support(), "run-1", "2026-11-23T11:00:00Z")
    };
    let [settled] = settled(&[uncertain], &world.snapshot).try_into().unwrap();
    assert!(matches!(settled.status, ChangeStatus::Applied { .. }), "{settled:?}");
    assert!(settled.unfinished(), "{settled:?}");
}

#[test]
fn change_refused_as_often_as_the_limit_is_not_retried() {
    let world = compliant().without("vpce-kms");
    let key = FindingKey::new("endpoint-missing", ResourceKind::Vpc, VPC).for_service("com.amazonaws.eu-central-1.kms");
    let finding = world.judge(&crate::controls::endpoint_missing::CONTROL, "kms");
    let wanted = changes(&finding).to_vec();
    let refused = |at: &str| ChangeRecord {
        status: ChangeStatus::Failed {
            cause: "VpcEndpointLimitExceeded".to_owned(),
        },
        ..record(wanted[0].clone(), at, at)
    };
    let history = |times: &[&str]| ChangeHistory {
        records: times.iter().map(|at| refused(at)).collect(),
        ..ChangeHistory::default()
    };
    let limits = Limits::default();
    let retries_exhausted = |history: &ChangeHistory| history.retries_exhausted(&key, &wanted, &limits, world.now);
    let twice = history(&["2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"]);
    assert_eq!(retries_exhausted(&twice), None, "the limit is three");
    let mut thrice = history(&["2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"]);
    let found = retries_exhausted(&thrice).unwrap();
    assert_eq!((found.times, found.cause.as_str()), (3, "VpcEndpointLimitExceeded"));
    for part in [
        "Remediation failed 3 times",
        "VpcEndpointLimitExceeded",
        "`postern resume`",
    ] {
        assert!(found.advice().contains(part), "{}", found.advice());
    }
    let mut died = thrice.clone();
    died.records[2].status = ChangeStatus::NotApplied {
        reason: "it is not there".to_owned(),
    };
    assert_eq!(retries_exhausted(&died), None, "AWS was asked twice");
    died.records.push(refused("2026-11-23T11:30:00Z"));
    assert_eq!(
        retries_exhausted(&died).unwrap().times,
        3,
        "what was not asked changes nothing"
    );
    died.records[1].status = ChangeStatus::Applied { created: None };
    assert_eq!(retries_exhausted(&died), None, "it was made in between");
    thrice
        .resumes
        .insert(key.clone(), "2026-11-23T10:30:00Z".parse().unwrap());
    assert_eq!(retries_exhausted(&thrice), None, "somebody wants it tried again");
    let yesterday = history(&["2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"]);
    assert_eq!(retries_exhausted(&yesterday), None, "the window is over");
}

#[test]
fn added_cost_counts_within_the_window_until_rolled_back() {
    let cost = |record: ChangeRecord, dollars| ChangeRecord {
        monthly_cost: MonthlyCost::from_dollars(dollars),
        ..record
    };
    let old = cost(record(support(), "run-1", "2026-11-22T12:00:00Z"), 1.0);
    let applied = cost(record(support(), "run-2", "2026-11-22T12:00:01Z"), 2.0);
    let lost = cost(record(support(), "run-3", NOW).intended(), 4.0);
    let undone = ChangeRecord {
        undone_by: Some("20261123T120000.000000Z-00000000".into()),
        ..cost(applied.clone(), 8.0)
    };
    let failed = ChangeRecord {
        status: ChangeStatus::Failed { cause: String::new() },
        ..cost(applied.clone(), 16.0)
    };
    let history = ChangeHistory {
        records: vec![old, applied, lost, undone, failed],
        ..ChangeHistory::default()
    };
    assert_eq!(
        history.spent(SignedDuration::from_hours(24), at(NOW)),
        MonthlyCost::from_dollars(6.0)
    );
    assert_eq!(
        history.spent(SignedDuration::from_hours(25), at(NOW)),
        MonthlyCost::from_dollars(7.0)
    );
}

#[test]
fn paused_remediation_resumes_when_the_pause_expires() {
    let mut world = compliant().edit_endpoint("vpce-s3", |e| e.policy = Some(ALLOW_ALL.to_owned()));
    let key = world.judge(&policy_open::CONTROL, "vpce-s3").key;
    world.history.pauses.push(Pause {
        key,
        reason: "rolled back: ticket 42".to_owned(),
        expires: at("2026-11-24T00:00:00Z"),
    });
    let exempt = world.judge(&policy_open::CONTROL, "vpce-s3").accepted().unwrap();
    assert_eq!(exempt.reason, "rolled back: ticket 42");
    assert_eq!(world.plan().changes, []);
    world.now = at("2026-11-24T00:00:00Z");
    assert_eq!(world.plan().changes.len(), 1);
}

/// DNS support was enabled by these runs, and is off again.
fn tug(times: &[&str]) -> World {
    let world = compliant().dns(false, true);
    let key = world.judge(&vpc_dns_disabled::CONTROL, VPC).key;
    times.iter().enumerate().fold(world, |world, (n, time)| {
        let mut repair = record(support(), &format!("run-{n}"), time).because_of(&key);
        repair.triggering_events = vec![
            triggering_event("ModifyVpcAttribute", TERRAFORM),
            triggering_event("CreateSubnet", "aws-cli/2.1"),
        ];
        world.remember(repair)
    })
}

const THREE: [&str; 3] = ["2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"];

#[test]
fn remediation_reverted_as_often_as_the_limit_is_suspended() {
    let world = tug(&THREE);
    let finding = world.judge(&vpc_dns_disabled::CONTROL, VPC);
    insta::assert_snapshot!(advice(&finding), @"Automatic remediation is suspended: remediated 3 times since 2026-11-23T08:00:00Z and reverted each time, last by Terraform as arn:aws:iam::111122223333:user/ada (ModifyVpcAttribute). Apply the configuration below in your Terraform code, or add an exemption. Remediation resumes after the window, or with `postern resume`.");
    let conflict = finding.conflict().unwrap();
    assert_eq!((conflict.times, conflict.tool), (3, Some(Tool::Terraform)));
    insta::assert_snapshot!(conflict.code.as_ref().unwrap().terraform, @r#"
    # vpc-1, besides what is there
    resource "aws_vpc" "vpc_1" {
      enable_dns_support = true
    }
    "#);
    assert_eq!(world.plan().enforced().count(), 0);
}

#[test]
fn remediation_conflict_ends_with_the_window_or_a_resume() {
    assert_eq!(tug(&THREE[..2]).plan().enforced().count(), 1);
    let mut same_run = tug(&THREE);
    same_run.history.records[2].run = "run-1".into();
    assert_eq!(same_run.plan().enforced().count(), 1, "runs count");
    let mut later = tug(&THREE);
    later.now = at("2026-11-24T08:00:00Z");
    assert_eq!(later.plan().enforced().count(), 1, "the window is over");
    let mut resumed = tug(&THREE);
    let key = resumed.judge(&vpc_dns_disabled::CONTROL, VPC).key;
    resumed.history.resumes.insert(key, at("2026-11-23T08:00:00Z"));
    assert_eq!(resumed.plan().enforced().count(), 1);
    let mut taken_back = tug(&THREE);
    taken_back.history.records[0].undone_by = Some("x".into());
    assert_eq!(taken_back.plan().enforced().count(), 1, "Postern itself undid one");
    let audited = tug(&THREE).mode(&vpc_dns_disabled::CONTROL, Mode::Audit);
    assert_eq!(
        audited.plan().changes.len(),
        1,
        "there is no conflict where nothing is repaired"
    );
}

#[test]
fn repairs_of_other_resources_make_no_conflict() {
    let mut world = tug(&THREE);
    for record in &mut world.history.records {
        record.causes = [FindingKey::new("vpc-dns-disabled", ResourceKind::Vpc, "vpc-2")].into();
    }
    assert_eq!(world.plan().enforced().count(), 1);

    // Each new subnet asks for one more rule for the same endpoint.
    let world = bare()
        .subnet("subnet-a", "a", SubnetClass::Private)
        .subnet("subnet-b", "b", SubnetClass::Private)
        .require(&["sts"])
        .interface("vpce-sts", "sts", &["subnet-a", "subnet-b"])
        .managed_group("sg-managed", &[https("10.0.0.0/24")])
        .edit_endpoint("vpce-sts", |e| e.security_groups = ["sg-managed".into()].into());
    let finding = world.judge(&ingress_blocked::CONTROL, "vpce-sts");
    let rule = |cidrs: &[&str]| {
        Change::AuthorizeIngress(AuthorizeIngress {
            group: ManagedGroup { vpc: VPC.into() },
            ports: HTTPS,
            cidrs: nets(cidrs),
        })
    };
    let repaired = |cidrs: &[&str]| {
        THREE.iter().enumerate().fold(world.clone(), |world, (n, time)| {
            world.remember(record(rule(cidrs), &format!("run-{n}"), time).because_of(&finding.key))
        })
    };
    assert!(finding.changes().is_some());
    assert!(
        repaired(&["10.0.7.0/24"])
            .judge(&ingress_blocked::CONTROL, "vpce-sts")
            .conflict()
            .is_none()
    );
    let wanted: Vec<String> = changes(&finding)
        .iter()
        .filter_map(|change| match change {
            Change::AuthorizeIngress(AuthorizeIngress { cidrs, .. }) => cidrs.first().map(ToString::to_string),
            _ => None,
        })
        .collect();
    let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
    assert!(
        repaired(&wanted)
            .judge(&ingress_blocked::CONTROL, "vpce-sts")
            .conflict()
            .is_some()
    );
}

#[test]
fn ids_sort_by_time_and_differ_by_run_and_position() {
    let id = |time: &str, run: &str, position| ChangeId::new(time.parse().unwrap(), &run.into(), position);
    let first = id("2026-11-23T06:15:30.123456Z", "run-1", 0);
    assert!(first.as_str().starts_with("20261123T061530.123456Z-"), "{first}");
    assert_eq!(first.as_str().len(), 32);
    assert_eq!(first, id("2026-11-23T06:15:30.123456Z", "run-1", 0));
    assert_ne!(first, id("2026-11-23T06:15:30.123456Z", "run-1", 1));
    assert_ne!(first, id("2026-11-23T06:15:30.123456Z", "run-2", 0));
    assert!(first < id("2026-11-23T06:15:30.123457Z", "run-0", 0));
    assert!(first < id("2026-11-23T06:15:31Z", "run-0", 0));
}
