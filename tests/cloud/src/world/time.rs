//! What time does to endpoints.

use std::time::Duration;

use jiff::Timestamp;

use super::{ChangeStatus, Endpoint, EndpointKind, EndpointState, Held, World};
use crate::faults::Fault;

impl World {
    /// Lets happen what is due by now.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        while let Some(at) = self.next_due(now) {
            // As if somebody had looked at that very moment.
            self.now = at;
            let due = self.fates.extract_if(.., |status| status.at <= at).collect::<Vec<_>>();
            due.iter().for_each(|status| self.happen(status));
        }
        self.now = now;
        self.held.retain(|held| held.until > now);
        // Nobody asked for it.
        self.journal.clear();
    }

    fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let due = self.fates.iter().map(|status| status.at);
        due.filter(|at| *at <= now).min()
    }

    fn happen(&mut self, status: &ChangeStatus) {
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
            self.hold_name(&endpoint);
            let listed = self.moment(5, 120);
            self.fates.push(ChangeStatus {
                at: listed,
                endpoint: endpoint.id.clone(),
                state: None,
            });
        }
        self.put(endpoint);
    }

    /// An endpoint starts its life, or is at work on a change.
    pub(crate) fn begin(&mut self, id: &str, kind: EndpointKind) {
        let at = match kind {
            EndpointKind::Gateway => self.moment(0, 3),
            _ => self.moment(5, 150),
        };
        let fails = self.rng.f64() < self.trouble.endpoint_fails;
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

    /// The endpoint is at work on a change.
    pub(crate) fn busy(&mut self, id: &str) {
        let at = self.moment(1, 40);
        self.become_later(id, at, EndpointState::Available);
    }

    /// An endpoint starts to go.
    pub(crate) fn end(&mut self, id: &str) {
        let at = self.moment(3, 180);
        self.become_later(id, at, EndpointState::Deleted);
    }

    fn become_later(&mut self, id: &str, at: Timestamp, state: EndpointState) {
        self.fates.retain(|status| status.endpoint != id);
        self.fates.push(ChangeStatus {
            at,
            endpoint: id.to_owned(),
            state: Some(state),
        });
    }

    /// The name stays taken for minutes after its endpoint is gone.
    fn hold_name(&mut self, endpoint: &Endpoint) {
        if let (true, Some(service)) = (endpoint.private_dns, &endpoint.service) {
            let until = self.moment(30, 300);
            self.held.push(Held {
                vpc: endpoint.vpc.clone(),
                service: service.clone(),
                until,
            });
        }
    }

    /// Whether the private name of a service is taken in a VPC by another endpoint than this one.
    pub(crate) fn name_taken(&self, vpc: &str, service: &str, but: Option<&str>) -> bool {
        let pauses = |endpoint: &&std::sync::Arc<Endpoint>| {
            endpoint.vpc == vpc
                && endpoint.private_dns
                && endpoint.service.as_deref() == Some(service)
                && endpoint.alive()
                && Some(endpoint.id.as_str()) != but
        };
        self.endpoints().any(|endpoint| pauses(&endpoint))
            || self
                .held
                .iter()
                .any(|held| held.vpc == vpc && held.service == service && held.until > self.now)
    }

    /// So many seconds from now.
    pub(crate) fn moment(&mut self, least: u64, most: u64) -> Timestamp {
        let wait = Duration::from_millis(self.rng.u64(least * 1_000..=most * 1_000));
        self.now.checked_add(wait).unwrap_or(self.now)
    }
}
