//! Changes of endpoints over time.

use std::time::Duration;

use jiff::Timestamp;

use super::{Endpoint, EndpointKind, EndpointState, ReservedName, Transition, World};
use crate::faults::Fault;

impl World {
    /// Applies the transitions that are due.
    pub(crate) fn advance_to(&mut self, now: Timestamp) {
        while let Some(at) = self.next_due(now) {
            // Transitions that follow count from this time.
            self.now = at;
            let due = self
                .transitions
                .extract_if(.., |status| status.at <= at)
                .collect::<Vec<_>>();
            due.iter().for_each(|status| self.apply(status));
        }
        self.now = now;
        self.verify_names();
        self.reserved.retain(|reserved| reserved.until > now);
        // No call caused these changes.
        self.journal.clear();
    }

    /// Completes the verifications of private DNS names that are due.
    fn verify_names(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.verifications.extract_if(.., |_, at| *at <= now).collect();
        for (id, _) in due {
            let records = self.txt_records.clone();
            self.edit_endpoint_service(&id, |service| {
                let Some(private) = &mut service.private_dns_name else {
                    return;
                };
                let record = records.get(&format!("{}.{}", private.record_name, private.name));
                private.state = match record == Some(&private.record_value) {
                    true => "verified".to_owned(),
                    false => "failed".to_owned(),
                };
            });
        }
    }

    /// AWS looks for the TXT record of a private DNS name.
    pub(crate) fn start_verification(&mut self, endpoint_service: &str) {
        // [Up to ten minutes](https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html).
        let at = self.random_time(5, 600);
        self.verifications.insert(endpoint_service.to_owned(), at);
    }

    fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let due = self.transitions.iter().map(|status| status.at);
        due.filter(|at| *at <= now).min()
    }

    fn apply(&mut self, status: &Transition) {
        let Some(endpoint) = self.endpoint(&status.endpoint) else {
            return;
        };
        let Some(state) = status.state else {
            self.remove::<Endpoint>(&status.endpoint);
            return;
        };
        let mut endpoint = Endpoint::clone(endpoint);
        let going = endpoint.state == EndpointState::Deleting;
        if going && state != EndpointState::Deleted {
            return;
        }
        endpoint.state = state;
        if state == EndpointState::Deleted {
            self.reserve_private_name(&endpoint);
            let listed = self.random_time(5, 120);
            self.transitions.push(Transition {
                at: listed,
                endpoint: endpoint.id.clone(),
                state: None,
            });
        }
        self.put(endpoint);
    }

    /// A new endpoint becomes available or fails.
    pub(crate) fn start_pending(&mut self, id: &str, kind: EndpointKind) {
        let at = match kind {
            EndpointKind::Gateway => self.random_time(0, 3),
            _ => self.random_time(5, 150),
        };
        let fails = self.rng.f64() < self.write_faults.endpoint_fails;
        if fails {
            *self.injected.entry(Fault::EndpointFails).or_default() += 1;
        }
        let state = if fails {
            EndpointState::Failed
        } else {
            EndpointState::Available
        };
        self.become_later(id, at, state);
    }

    /// A modified endpoint becomes available again.
    pub(crate) fn start_update(&mut self, id: &str) {
        let at = self.random_time(1, 40);
        self.become_later(id, at, EndpointState::Available);
    }

    /// An endpoint is deleted.
    pub(crate) fn start_deletion(&mut self, id: &str) {
        let at = self.random_time(3, 180);
        self.become_later(id, at, EndpointState::Deleted);
    }

    /// It keeps its state from now on.
    pub(crate) fn stay(&mut self, id: &str) {
        self.transitions.retain(|status| status.endpoint != id);
    }

    fn become_later(&mut self, id: &str, at: Timestamp, state: EndpointState) {
        self.transitions.retain(|status| status.endpoint != id);
        self.transitions.push(Transition {
            at,
            endpoint: id.to_owned(),
            state: Some(state),
        });
    }

    /// Reserves the private name for minutes after the deletion.
    fn reserve_private_name(&mut self, endpoint: &Endpoint) {
        if let (true, Some(service)) = (endpoint.private_dns, &endpoint.service) {
            let until = self.random_time(30, 300);
            self.reserved.push(ReservedName {
                vpc: endpoint.vpc.clone(),
                service: service.clone(),
                until,
            });
        }
    }

    /// Whether another endpoint of the VPC has the private name of a service, or had it until a moment ago.
    pub(crate) fn private_name_reserved(&self, vpc: &str, service: &str, but: Option<&str>) -> bool {
        let holds_name = |endpoint: &&std::sync::Arc<Endpoint>| {
            endpoint.vpc == vpc
                && endpoint.private_dns
                && endpoint.service.as_deref() == Some(service)
                && endpoint.alive()
                && Some(endpoint.id.as_str()) != but
        };
        self.endpoints().any(|endpoint| holds_name(&endpoint))
            || self
                .reserved
                .iter()
                .any(|reserved| reserved.vpc == vpc && reserved.service == service && reserved.until > self.now)
    }

    /// A random time, this many seconds from now.
    pub(crate) fn random_time(&mut self, least: u64, most: u64) -> Timestamp {
        let wait = Duration::from_millis(self.rng.u64(least * 1_000..=most * 1_000));
        self.now.checked_add(wait).unwrap_or(self.now)
    }
}
