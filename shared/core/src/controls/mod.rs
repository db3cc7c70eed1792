//! The controls, one file each.

use crate::evaluation::Control;
use crate::model::part::Part;
use crate::settings::{KnownControl, Mode, Settings};

pub mod acl_blocks_endpoint;
pub mod central_unreachable;
pub mod connection_untrusted;
pub mod connection_waiting;
pub mod credentials_unbound;
pub mod endpoint_address_type;
pub mod endpoint_duplicated;
pub mod endpoint_idle;
pub mod endpoint_missing;
pub mod endpoint_unhealthy;
pub mod gateway_route_missing;
pub mod ingress_blocked;
pub mod ingress_open;
pub mod policy_locked_out;
pub mod policy_open;
pub mod policy_undecided;
pub mod policy_unsupported;
pub mod private_dns_disabled;
pub mod public_egress;
pub mod service_auto_accepts;
pub mod service_name_unverified;
pub mod service_public;
pub mod service_region_open;
pub mod service_retired;
pub mod service_single_zone;
pub mod service_unapproved;
pub mod service_unbacked;
pub mod service_unprotected;
pub mod subnet_uncovered;
pub mod vpc_dns_disabled;

/// Every control, by name.
pub static CONTROLS: &[&Control] = &[
    &acl_blocks_endpoint::CONTROL,
    &central_unreachable::CONTROL,
    &connection_untrusted::CONTROL,
    &connection_waiting::CONTROL,
    &credentials_unbound::CONTROL,
    &endpoint_address_type::CONTROL,
    &endpoint_duplicated::CONTROL,
    &endpoint_idle::CONTROL,
    &endpoint_missing::CONTROL,
    &endpoint_unhealthy::CONTROL,
    &gateway_route_missing::CONTROL,
    &ingress_blocked::CONTROL,
    &ingress_open::CONTROL,
    &policy_locked_out::CONTROL,
    &policy_open::CONTROL,
    &policy_undecided::CONTROL,
    &policy_unsupported::CONTROL,
    &private_dns_disabled::CONTROL,
    &public_egress::CONTROL,
    &service_auto_accepts::CONTROL,
    &service_name_unverified::CONTROL,
    &service_public::CONTROL,
    &service_region_open::CONTROL,
    &service_retired::CONTROL,
    &service_single_zone::CONTROL,
    &service_unapproved::CONTROL,
    &service_unbacked::CONTROL,
    &service_unprotected::CONTROL,
    &subnet_uncovered::CONTROL,
    &vpc_dns_disabled::CONTROL,
];

/// What the settings have to know of each control.
pub fn known() -> Vec<KnownControl> {
    let known = |control: &&Control| KnownControl {
        name: control.name,
        opt_in: control.opt_in,
        writes_perimeter_policies: control.writes_perimeter_policies,
        resource: control.resource,
        creates_paid: control.changes.iter().any(|kind| kind.paid()),
    };
    CONTROLS.iter().map(known).collect()
}

/// Whether a control that is on needs a part.
pub fn need(part: Part, settings: &Settings) -> bool {
    let on = |control: &&Control| settings.modes.of(control.name) != Mode::Off;
    CONTROLS
        .iter()
        .copied()
        .filter(on)
        .any(|control| control.needs.contains(&part))
}

/// The control of this name.
pub fn find(name: &str) -> Option<&'static Control> {
    CONTROLS.iter().copied().find(|control| control.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::evaluation::{Concern, Framework, REFERENCES};
    use crate::functions::FUNCTIONS;
    use crate::model::finding::Verdict;
    use crate::testing::central::spoke;
    use crate::testing::compliant;
    use crate::testing::service::published;

    fn names() -> Vec<&'static str> {
        CONTROLS.iter().map(|control| control.name).collect()
    }

    fn strictly_ascending<T: Ord>(items: &[T]) -> bool {
        items.windows(2).all(|pair| pair[0] < pair[1])
    }

    #[test]
    fn control_names_are_unique_sorted_and_in_kebab_case() {
        assert!(strictly_ascending(&names()), "{:?}", names());
        for name in names() {
            let words = name.split('-');
            assert!(
                words
                    .clone()
                    .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
            );
            assert!(words.count() > 1, "{name} says the thing and what is bad about it");
        }
    }

    #[test]
    fn each_control_has_a_file_of_its_name_and_each_file_is_registered() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/controls");
        let files: BTreeSet<_> = directory
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|file| file != "mod.rs")
            .map(|file| file.trim_end_matches(".rs").replace('_', "-"))
            .collect();
        assert_eq!(files, names().into_iter().map(str::to_owned).collect());
    }

    #[test]
    fn each_control_is_documented() {
        for control in CONTROLS {
            let Control {
                name,
                summary,
                documentation,
                finds,
                remediation,
                ..
            } = control;
            for text in [finds, remediation] {
                assert!(
                    !text.is_empty() && !text.ends_with('.') && !text.contains(['|', '\n']),
                    "{name}: {text}"
                );
            }
            assert!(summary.ends_with('.') && !summary.contains('\n'), "{name}: {summary}");
            assert!(documentation.contains("**Remediation** ("), "{name}");
            for text in [summary, documentation] {
                assert!(
                    !text.contains("  ") && text.trim() == *text,
                    "{name} has stray blanks: {text}"
                );
            }
        }
    }

    #[test]
    fn declared_parts_and_changes_are_sorted_and_unique() {
        for control in CONTROLS {
            assert!(
                strictly_ascending(control.needs),
                "{}: {:?}",
                control.name,
                control.needs
            );
            assert!(
                strictly_ascending(control.changes),
                "{}: {:?}",
                control.name,
                control.changes
            );
            assert!(!control.needs.is_empty(), "{}", control.name);
        }
    }

    #[test]
    fn each_control_refers_to_known_requirements_of_frameworks() {
        let place = |of: &(Framework, &str)| {
            let known = |r: &crate::evaluation::Reference| (r.framework, r.id) == *of;
            REFERENCES.iter().position(known)
        };
        let mut used = BTreeSet::new();
        for control in CONTROLS {
            let places: Vec<_> = control.frameworks.iter().map(place).collect();
            assert!(
                places.iter().all(Option::is_some),
                "{}: {:?}",
                control.name,
                control.frameworks
            );
            assert!(
                !places.is_empty() && strictly_ascending(&places),
                "{}: {:?}",
                control.name,
                control.frameworks
            );
            assert_eq!(control.references().count(), places.len());
            used.extend(places.into_iter().flatten());
        }
        assert_eq!(used.len(), REFERENCES.len(), "a requirement that no control checks");
    }

    #[test]
    fn each_control_but_those_of_traffic_is_evaluated_by_a_function_that_events_start() {
        for control in CONTROLS.iter().filter(|control| control.concern != Concern::Traffic) {
            let by_event = FUNCTIONS
                .iter()
                .filter(|f| !f.events.is_empty() && f.controls().iter().any(|c| c.name == control.name));
            assert!(by_event.count() > 0, "{}", control.name);
        }
    }

    #[test]
    fn controls_are_found_by_name() {
        for name in names() {
            assert_eq!(find(name).map(|control| control.name), Some(name));
        }
        assert!(find("endpoint-missin").is_none());
    }

    #[test]
    fn compliant_vpc_and_endpoint_service_have_no_open_findings() {
        let world = compliant().bound_but("none").mode(&endpoint_idle::CONTROL, Mode::Audit);
        let (service, spoke) = (published(), spoke());
        let mut findings = world.all_findings();
        findings.extend(spoke.all_findings());
        findings.extend(service.findings(CONTROLS));
        let loud: Vec<_> = findings
            .iter()
            .filter(|f| !matches!(f.verdict(), Verdict::Compliant | Verdict::NotApplicable))
            .collect();
        assert!(loud.is_empty(), "{loud:#?}");
        assert!(world.plan().changes.is_empty());
        assert!(service.plan().changes.is_empty() && spoke.plan().changes.is_empty());
        for control in CONTROLS {
            let judged = |f: &&crate::evaluation::Finding| f.key.control == control.name;
            assert!(
                findings
                    .iter()
                    .filter(judged)
                    .any(|f| f.verdict() == Verdict::Compliant),
                "{} was not asked",
                control.name
            );
        }
    }
}
