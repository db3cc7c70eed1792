//! Modes, exemptions and gaps.

use super::*;
use crate::controls::{endpoint_missing, find, gateway_route_missing, policy_open, subnet_uncovered};
use crate::model::managed::managed_by;
use crate::settings::ExemptionSelector;
use crate::testing::{ALLOW_ALL, STRANGER, VPC, World, changes, compliant, tags};

const LATER: &str = "2026-12-01T00:00:00Z";
const EARLIER: &str = "2026-11-01T00:00:00Z";

/// `vpce-s3` is open, and only in that is anything wrong.
fn open() -> World {
    compliant().edit_endpoint("vpce-s3", |e| {
        e.policy = Some(ALLOW_ALL.to_owned());
        e.tags = tags(&[("team", "data")]);
    })
}

fn resource(id: &str) -> ExemptionSelector {
    ExemptionSelector::Resource(id.to_owned())
}

fn tag(key: &str, value: &str) -> ExemptionSelector {
    ExemptionSelector::Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn judge(world: &World) -> Finding {
    world.judge(&policy_open::CONTROL, "vpce-s3")
}

#[test]
fn vpc_or_account_is_exempt_as_a_whole() {
    let until = "2027-01-01T00:00:00Z";
    for (selector, exempt) in [
        (ExemptionSelector::Vpc("vpc-1".into()), true),
        (ExemptionSelector::Vpc("vpc-2".into()), false),
        (ExemptionSelector::Account("111122223333".into()), true),
        (ExemptionSelector::Account("444455556666".into()), false),
    ] {
        let world = open().exempt(&policy_open::CONTROL, selector.clone(), until);
        assert_eq!(judge(&world).accepted().is_some(), exempt, "{selector:?}");
    }
}

#[test]
fn shared_vpc_of_another_owner_has_no_findings() {
    let mut world = open();
    world.snapshot.vpc.owner = STRANGER.into();
    assert_eq!(world.all_findings(), []);
    assert_eq!(world.plan().changes, []);
}

#[test]
fn control_that_is_off_has_no_findings() {
    let world = open().mode(&policy_open::CONTROL, Mode::Off);
    assert_eq!(world.findings(&policy_open::CONTROL), []);
    assert!(!world.findings(&endpoint_missing::CONTROL).is_empty());
}

#[test]
fn findings_carry_the_severity_and_mode_of_their_control() {
    let world = open().mode(&policy_open::CONTROL, Mode::Audit);
    for finding in world.all_findings() {
        let control = find(&finding.key.control).unwrap();
        assert_eq!(finding.severity, control.severity);
        assert_eq!(finding.mode, world.settings.modes.of(control.name));
    }
}

#[test]
fn findings_are_sorted_and_each_key_appears_once() {
    let world = open()
        .require(&["s3", "dynamodb"])
        .require_gateway(&["nonsense"])
        .require(&["nonsense"]);
    let findings = world.all_findings();
    assert!(
        findings.windows(2).all(|pair| pair[0].key < pair[1].key),
        "{findings:#?}"
    );
}

#[test]
fn expired_exemption_no_longer_applies() {
    let world = open().exempt(&policy_open::CONTROL, resource("vpce-s3"), LATER);
    let finding = judge(&world);
    assert_eq!(finding.verdict(), Verdict::NonCompliant);
    assert_eq!(finding.exempt.as_ref().unwrap().reason, "ticket 42");
    assert_eq!(finding.exempt.as_ref().unwrap().expires, Some(LATER.parse().unwrap()));
    assert!(!finding.open());
    assert_eq!(world.plan().changes, []);
    for now in [LATER, "2026-12-01T00:00:01Z"] {
        let then = World {
            now: now.parse().unwrap(),
            ..world.clone()
        };
        assert!(judge(&then).open(), "at {now} the finding is back");
        assert_eq!(then.plan().changes.len(), 1);
    }
}

#[test]
fn last_exemption_to_expire_counts() {
    let both = open()
        .exempt(&policy_open::CONTROL, tag("team", "data"), LATER)
        .exempt(&policy_open::CONTROL, resource("vpce-s3"), EARLIER)
        .exempt(&policy_open::CONTROL, resource("vpce-s3"), "2026-11-30T00:00:00Z");
    assert_eq!(judge(&both).exempt.unwrap().expires, Some(LATER.parse().unwrap()));
}

#[test]
fn exemption_applies_to_its_control_and_resource_or_tag_only() {
    for (control, selector) in [
        (&endpoint_missing::CONTROL, resource("vpce-s3")),
        (&policy_open::CONTROL, resource("vpce-s")),
        (&policy_open::CONTROL, resource("vpce-sts")),
        (&policy_open::CONTROL, tag("team", "web")),
        (&policy_open::CONTROL, tag("Team", "data")),
    ] {
        let world = open().exempt(control, selector.clone(), LATER);
        assert!(judge(&world).open(), "{} {selector:?}", control.name);
    }
    let by_tag = open().exempt(&policy_open::CONTROL, tag("team", "data"), LATER);
    assert!(!judge(&by_tag).open());
}

#[test]
fn exemption_by_tag_works_for_every_kind_of_resource() {
    let marked = tags(&[("legacy", "yes")]);
    let world = compliant()
        .without("vpce-sts")
        .edit_endpoint("vpce-s3", |e| {
            e.route_tables.remove(&"rtb-isolated".into());
            e.policy = Some(ALLOW_ALL.to_owned());
            e.tags = marked.clone();
        })
        .edit_endpoint("vpce-kms", |e| {
            e.subnets.remove(&"subnet-b".into());
        })
        .edit_table("rtb-isolated", |t| t.tags = marked.clone())
        .edit_subnet("subnet-b", |s| s.tags = marked.clone());
    for (control, about) in [
        (&endpoint_missing::CONTROL, "sts"),
        (&gateway_route_missing::CONTROL, "rtb-isolated s3"),
        (&policy_open::CONTROL, "vpce-s3"),
        (&subnet_uncovered::CONTROL, "subnet-b kms"),
    ] {
        let mut world = world.clone().exempt(control, tag("legacy", "yes"), LATER);
        world.snapshot.vpc.tags = marked.clone();
        let mut without = world.clone();
        without.settings.exemptions.clear();
        assert!(without.judge(control, about).open(), "{about}");
        assert!(!world.judge(control, about).open(), "{about}");
    }
}

#[test]
fn exempt_tag_works_only_where_the_settings_allow_it() {
    let tagged = open().edit_endpoint("vpce-s3", |e| e.tags = tags(&[(TAG_EXEMPT, "since 2019")]));
    assert!(judge(&tagged).open(), "the policed do not excuse themselves by default");
    let mut other = tagged.clone();
    other.settings.exempt_by_tag = ["endpoint-missing".to_owned()].into();
    assert!(judge(&other).open());
    let mut allowed = tagged;
    allowed.settings.exempt_by_tag = ["policy-open".to_owned()].into();
    let exempt = judge(&allowed).exempt.unwrap();
    assert_eq!(exempt.reason, "tag postern:exempt = since 2019");
    assert_eq!(exempt.expires, None);
    assert_eq!(allowed.plan().changes, []);
}

#[test]
fn only_non_compliant_findings_are_exempt() {
    let mut world = compliant().exempt(&policy_open::CONTROL, resource("vpce-s3"), LATER);
    assert_eq!(judge(&world).exempt, None);
    world = world.edit_endpoint("vpce-s3", |e| e.policy = None);
    let undecided = judge(&world);
    assert_eq!((undecided.verdict(), undecided.exempt), (Verdict::Indeterminate, None));
}

#[test]
fn only_endpoints_managed_by_others_are_left_alone() {
    assert_eq!(changes(&judge(&open())).len(), 1);
    let endpoint = |edit: fn(&mut Endpoint)| {
        let world = open().edit_endpoint("vpce-s3", edit);
        let endpoints = world.snapshot.endpoints.as_ref().unwrap();
        managed_by(&endpoints[&"vpce-s3".into()], &world.snapshot)
    };
    assert_eq!(endpoint(|_| {}), None);
    assert!(endpoint(|e| e.requester_managed = true).is_some());
    assert!(endpoint(|e| e.owner = STRANGER.into()).is_some());
    assert!(endpoint(|e| e.tags = tags(&[("GuardDutyManaged", "false")])).is_some());
    assert!(endpoint(|e| e.service = None).is_none());
}

#[test]
fn gap_makes_one_finding_per_control() {
    let world = open().gap(Part::Endpoints);
    let findings = world.findings(&policy_open::CONTROL);
    let [finding] = findings.as_slice() else {
        panic!("{findings:#?}")
    };
    assert_eq!(finding.key.resource.id, VPC);
    assert_eq!(
        finding.explanation(),
        "Could not evaluate policy-open for vpc-1: the call for Endpoints was denied."
    );
    assert_eq!(finding.severity, Severity::Critical);
}

#[test]
fn interrupting_changes_are_audited_until_their_class_is_enforced() {
    let mut world = compliant().edit_endpoint("vpce-s3", |e| {
        e.route_tables.remove(&"rtb-isolated".into());
        e.policy = Some(ALLOW_ALL.to_owned());
    });
    let mode = |world: &World| world.judge(&gateway_route_missing::CONTROL, "rtb-isolated s3").mode;
    assert_eq!((mode(&world), world.plan().enforced().count()), (Mode::Enforce, 2));
    world.settings.modes.interrupting = Mode::default();
    assert_eq!((mode(&world), world.plan().enforced().count()), (Mode::Audit, 1));
    assert_eq!(world.plan().changes.len(), 2, "the interrupting change is shown");
    let off = world.mode(&gateway_route_missing::CONTROL, Mode::Off);
    assert_eq!(off.findings(&gateway_route_missing::CONTROL), []);
}
