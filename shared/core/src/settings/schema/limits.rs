//! `[limits]`, `[ledger]`, `[alerts]`, `[traffic]` and `[prices]`.

use schemars::JsonSchema;

use super::shapes::{Amount, Count, Day, RegionPrices};
use crate::settings::{AlertSettings, LedgerSettings, Limits, TrafficSettings};

/// A limit withholds the changes that count against it. The report names them and the limit.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Limits")]
pub(super) struct LimitsTable {
    /// Changes that one invocation may apply.
    #[schemars(extend("default" = Limits::default().changes_per_run))]
    changes_per_run: Option<Count>,
    /// Changes that all functions may apply in one account and Region within an hour of the clock.
    #[schemars(extend("default" = Limits::default().changes_per_hour))]
    changes_per_hour: Option<Count>,
    /// US dollars a month that may be added to one VPC within a window.
    #[schemars(extend("default" = Limits::default().monthly_cost_per_vpc))]
    monthly_cost_per_vpc: Option<Amount>,
    /// US dollars a month that may be added in one account and Region within a window.
    #[schemars(extend("default" = Limits::default().monthly_cost_total))]
    monthly_cost_total: Option<Amount>,
    /// How often the same finding is remediated within a window before its remediation is suspended.
    #[schemars(range(min = 1, max = 100), extend("default" = Limits::default().attempts))]
    attempts: Option<i64>,
    /// The length of a window in hours.
    #[schemars(range(min = 1, max = 720), extend("default" = Limits::default().window_hours))]
    window_hours: Option<i64>,
    /// How many endpoints are closed first under a new perimeter. Later runs close the others, after a run has verified
    /// that the first ones are closed. 0: all at once.
    #[schemars(extend("default" = Limits::default().canary_endpoints))]
    canary_endpoints: Option<Count>,
}

/// For how long the ledger keeps changes and pauses.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Ledger")]
pub(super) struct LedgerTable {
    /// Days for which changes are kept.
    #[schemars(range(min = 31, max = 3_650), extend("default" = LedgerSettings::default().retention_days))]
    retention_days: Option<i64>,
    /// Days for which a remediation is paused after it was rolled back or released.
    #[schemars(range(min = 1, max = 3_650), extend("default" = LedgerSettings::default().pause_days))]
    pause_days: Option<i64>,
}

/// How often alerts are repeated.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Alerts")]
pub(super) struct AlertsTable {
    /// After how many days a critical or high finding that stays open is reported again. 0 for never.
    #[schemars(range(min = 0, max = 365), extend("default" = AlertSettings::default().repeat_days))]
    repeat_days: Option<i64>,
}

/// When the control endpoint-idle calls an endpoint idle.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Traffic")]
pub(super) struct TrafficTable {
    /// For how many days the endpoint processed nothing.
    #[schemars(range(min = 1, max = 454), extend("default" = TrafficSettings::default().idle_days))]
    idle_days: Option<i64>,
}

/// The prices for the cost of plans and for what is saved, in US dollars. Those here are for Regions without prices of
/// their own. A price that is missing is unknown.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Prices")]
pub(super) struct PricesTable {
    /// An interface endpoint in one Availability Zone for one hour.
    interface_endpoint_zone_hour: Option<Amount>,
    /// A gigabyte that an interface endpoint processes.
    interface_endpoint_gigabyte: Option<Amount>,
    /// A gigabyte that a NAT gateway processes.
    nat_gateway_gigabyte: Option<Amount>,
    /// The day on which the prices were looked up; `postern prices --write` writes it.
    as_of: Option<Day>,
    /// The prices of single Regions. A number alone is that of an interface endpoint in one zone for one hour.
    regions: Option<RegionPrices>,
}
