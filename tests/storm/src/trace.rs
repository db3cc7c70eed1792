//! The events of a storm as text, to find out why an invariant does not hold.

use std::fmt::Write as _;

use postern_cloud::{Cloud, Service};
use postern_core::history::Action;

use crate::setup::records;

/// Every mutating call, and the records of the ledger.
pub(crate) fn trace(cloud: &Cloud) -> String {
    let mut trace = String::new();
    for entry in cloud.log() {
        if entry.service != Service::Ec2 || !entry.mutating {
            continue;
        }
        let who = entry.caller.rsplit('/').next().unwrap_or_default();
        let parameters: Vec<_> = entry
            .parameters
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "Action" | "Version") && !name.starts_with("TagSpecification"))
            .map(|(name, value)| format!("{name}={value:.60}"))
            .collect();
        let touched: Vec<_> = entry.effects.iter().map(|effect| effect.id.as_str()).collect();
        let _ = writeln!(
            trace,
            "{:.0} {who} {} {} -> {} {:?} touched {touched:?}",
            entry.at,
            entry.operation,
            parameters.join(" "),
            entry.code.as_deref().unwrap_or("done"),
            entry.fault,
        );
    }
    for record in records(cloud) {
        match record {
            Ok(record) => {
                let action = match &record.action {
                    Action::Change(change) => change.to_string(),
                    Action::Undo(inverse) => inverse.text(),
                };
                let _ = writeln!(
                    trace,
                    "{:.0} record {} of {} ({}): {action}: {:?}, told {}",
                    record.time, record.id, record.run, record.function, record.status, record.delivered
                );
            }
            Err(error) => {
                let _ = writeln!(trace, "a record that cannot be read: {error}");
            }
        }
    }
    trace
}
