//! Every control that changes something, where AWS refuses each of its changes.

use std::collections::BTreeSet;
use std::time::Duration;

use postern_aws::changes::calls;
use postern_cloud::world::{EndpointState, NewEndpoint, World};
use postern_cloud::{ACCOUNT, Fault, OTHER_ACCOUNT, REGION};
use postern_core::controls::CONTROLS;
use postern_core::evaluation::{Control, Evaluate};
use postern_core::history::{Action, ChangeStatus};
use postern_core::model::scope::Scope;
use serde_json::Value;

use super::*;
use crate::testing::{Rig, event};

const TRUSTED: &str = "222233334444";

/// What makes a control find something in the VPC of a rig: settings, and what is added to the VPC.
fn fault(control: &str) -> (&'static str, fn(&mut World, &Rig)) {
    const REQUIRED: &str = "[[requirements]]\nservices = [\"sts\"]\n";
    fn endpoint(world: &mut World, rig: &Rig, edit: impl FnOnce(&mut NewEndpoint)) {
        let cidr = postern_cloud::world::rule("10.0.0.0/16", 443, 443);
        let mut new = NewEndpoint {
            subnets: rig.subnets.to_vec(),
            groups: vec![world.add_group(&rig.vpc, "endpoints", vec![cidr])],
            ..NewEndpoint::interface(&rig.vpc, "sts")
        };
        edit(&mut new);
        world.add_endpoint(new);
    }
    match control {
        "endpoint-missing" => (REQUIRED, |_, _| {}),
        "subnet-uncovered" => (REQUIRED, |world, rig| {
            endpoint(world, rig, |new| new.subnets.truncate(1));
        }),
        "ingress-blocked" => (REQUIRED, |world, rig| {
            let closed = world.add_group(&rig.vpc, "closed", Vec::new());
            endpoint(world, rig, |new| new.groups = vec![closed]);
        }),
        "private-dns-disabled" => (REQUIRED, |world, rig| {
            endpoint(world, rig, |new| new.private_dns = false);
        }),
        "vpc-dns-disabled" => (REQUIRED, |world, rig| {
            endpoint(world, rig, |_| {});
            world.edit_vpc(&rig.vpc, |vpc| vpc.dns_hostnames = false);
        }),
        "gateway-route-missing" => ("[[requirements]]\nservices = [\"s3\"]\ntype = \"gateway\"\n", |_, _| {}),
        "service-unapproved" => ("[approved_services]\nquarantine = true\n", |world, rig| {
            let service = world.add_endpoint_service(OTHER_ACCOUNT, &["a", "b"]);
            let name = world.endpoint_service(&service).unwrap().name.clone();
            world.add_endpoint(NewEndpoint {
                subnets: rig.subnets.to_vec(),
                private_dns: false,
                ..NewEndpoint::interface(&rig.vpc, &name)
            });
        }),
        // The endpoint of the rig has an open policy.
        _ => ("", |_, _| {}),
    }
}

/// An endpoint service to which an untrusted consumer is connected and a trusted one waits, and its scope.
fn offer(rig: &Rig, acceptance_required: bool) -> Scope {
    let service = rig.cloud.edit(|world| {
        let service = world.add_endpoint_service(ACCOUNT, &["a", "b"]);
        world.edit_endpoint_service(&service, |service| {
            service.acceptance_required = acceptance_required;
            service.principals.insert("vpce-svc-perm-1".to_owned(), "*".to_owned());
            let trusted = format!("arn:aws:iam::{TRUSTED}:root");
            service.principals.insert("vpce-svc-perm-2".to_owned(), trusted);
        });
        let name = world.endpoint_service(&service).unwrap().name.clone();
        for (account, state) in [
            (TRUSTED, EndpointState::PendingAcceptance),
            (OTHER_ACCOUNT, EndpointState::Available),
        ] {
            let vpc = world.add_vpc_of(account, REGION, "10.9.0.0/16");
            let mut new = NewEndpoint::interface(&vpc, &name);
            new.private_dns = false;
            new.state = state;
            world.add_endpoint(new);
        }
        service
    });
    Scope::endpoint_service(&ACCOUNT.into(), &REGION.into(), &service.as_str().into())
}

/// A deployment with a fault for the control, and where it is.
fn faulty(control: &Control) -> (Rig, Scope) {
    match control.evaluate {
        Evaluate::Service(_) => {
            let rig = Rig::new(&format!(
                "[limits]\ncanary_endpoints = 0\n[[providers]]\norganizations = []\naccounts = [\"{TRUSTED}\"]\n"
            ));
            // Connections are decided once the service requires acceptance.
            let scope = offer(&rig, control.name.starts_with("connection-"));
            (rig, scope)
        }
        Evaluate::Vpc(_) => {
            let (settings, edit) = fault(control.name);
            let named = format!(
                "{} = \"enforce\"\n{settings}\n[limits]\ncanary_endpoints = 0\n",
                control.name
            );
            let rig = Rig::new(&named);
            rig.cloud.edit(|world| edit(world, &rig));
            let scope = rig.scope();
            (rig, scope)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refused_change_of_every_control_is_on_record_and_its_finding_is_reported_as_failed() {
    let changing = CONTROLS.iter().filter(|control| !control.changes.is_empty());
    for control in changing {
        let (mut rig, scope) = faulty(control);
        if control.name == "policy-locked-out" {
            // What Postern closed denies an account that the settings did not name.
            rig.reconcile("run-0").await.unwrap();
            tokio::time::advance(Duration::from_secs(120)).await;
            rig.settings.perimeter.accounts.push(TRUSTED.to_owned());
        }
        let (before, told) = (rig.cloud.log().len(), rig.cloud.published().len());
        let calls: BTreeSet<_> = control.changes.iter().flat_map(|kind| calls(*kind)).collect();
        for call in calls.into_iter().filter(|call| !call.contains(":Describe")) {
            let (_, operation) = call.split_once(':').unwrap();
            rig.cloud.plan(operation, [Fault::Denied; 20]);
        }
        let only = [*control];
        let context = RunContext {
            controls: &only,
            ..rig.context("run-1")
        };
        let mut reconciler = Reconciler::new(context, &rig.destinations, Budget::default());
        let item = WorkItem::Unobserved(scope.clone());
        Box::pin(reconciler.reconcile(item, &[event()])).await.unwrap();
        let changed: Vec<_> = rig
            .cloud
            .log()
            .into_iter()
            .skip(before)
            .filter(|entry| entry.changed())
            .collect();
        assert!(changed.is_empty(), "{}: {changed:#?}", control.name);
        let records = rig.ledger.past(&scope, None).await.unwrap().records;
        let declared =
            |action: &Action| matches!(action, Action::Change(change) if control.changes.contains(&change.kind()));
        let failed = records
            .iter()
            .filter(|record| matches!(record.status, ChangeStatus::Failed { .. }) && declared(&record.action));
        let published = rig.cloud.published().split_off(told);
        assert!(failed.count() > 0, "{}: {published:#?}", control.name);
        let [report] = published.try_into().unwrap();
        let report: Value = serde_json::from_str(&report.message).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let of_control = findings.iter().filter(|finding| finding["control"] == control.name);
        let outcomes: BTreeSet<_> = of_control.map(|finding| finding["outcome"].to_string()).collect();
        assert!(outcomes.contains("\"failed\""), "{}: {report:#}", control.name);
    }
}
