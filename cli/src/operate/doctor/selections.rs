//! Selectors of the settings that select nothing in the Region: most likely a typing error, or settings of another Region.

use std::collections::BTreeSet;

use postern_aws::{Aws, Caller, chain};
use postern_core::model::endpoint_service::EndpointService;
use postern_core::model::id::Region;
use postern_core::model::snapshot::Vpc;
use postern_core::settings::Settings;

use super::{Line, Read};

pub(super) async fn selections(aws: &Aws, caller: &Caller, region: &Region, settings: Option<&Settings>) -> Vec<Line> {
    let Some(settings) = settings else {
        return Vec::new();
    };
    let session = match aws.account(&caller.account).await {
        Ok(session) => session,
        Err(error) => return vec![Line::warning(format!("the VPCs could not be read: {}", chain(&error)))],
    };
    let parts = BTreeSet::new();
    let vpcs = session.observe_vpcs(region, &parts, settings).await;
    let vpcs = vpcs.map(|found| found.into_iter().map(|snapshot| snapshot.vpc).collect::<Vec<_>>());
    let mut lines = requirements(settings, region, &vpcs.map_err(|error| chain(&error)));
    if !settings.providers.is_empty() {
        let services = session.observe_services(region, &parts).await;
        let services = services.map(|found| found.into_iter().map(|snapshot| snapshot.service).collect::<Vec<_>>());
        lines.extend(providers(settings, region, &services.map_err(|error| chain(&error))));
    }
    lines
}

/// The blocks of requirements that select no VPC.
pub(super) fn requirements(settings: &Settings, region: &Region, vpcs: &Read<Vec<Vpc>>) -> Vec<Line> {
    let vpcs = match vpcs {
        Ok(vpcs) => vpcs,
        Err(error) => return vec![Line::warning(format!("the VPCs could not be read: {error}"))],
    };
    let idle = settings
        .requirements
        .iter()
        .zip(1..)
        .filter(|(requirement, _)| !vpcs.is_empty() && !vpcs.iter().any(|vpc| requirement.vpcs.matches(vpc)));
    let lines = idle.map(|(requirement, number)| {
        let services = requirement.services.join(", ");
        Line::warning(format!(
            "`[[requirements]]` number {number} ({services}) selects no VPC in {region}"
        ))
        .run("correct `vpcs` of the requirement, unless it is meant for other Regions")
    });
    lines.collect()
}

/// The blocks of approved consumers that select no endpoint service.
pub(super) fn providers(settings: &Settings, region: &Region, services: &Read<Vec<EndpointService>>) -> Vec<Line> {
    let services = match services {
        Ok(services) => services,
        Err(error) => {
            return vec![Line::warning(format!(
                "the endpoint services could not be read: {error}"
            ))];
        }
    };
    let idle = settings
        .providers
        .iter()
        .zip(1..)
        .filter(|(provider, _)| !services.iter().any(|service| provider.services.matches(service)));
    let lines = idle.map(|(_, number)| {
        Line::warning(format!(
            "`[[providers]]` number {number} selects no endpoint service in {region}"
        ))
        .run("correct `services` of the block, unless it is meant for other Regions")
    });
    lines.collect()
}
