//! Random calls, and which of them both sides should know.

use std::collections::BTreeSet;

use fastrand::Rng;

/// One call, with the things that it names by the order in which they were made.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Vpc(u8),
    Subnet { vpc: usize, letter: &'static str, net: u8 },
    Table { vpc: usize },
    Associate { table: usize, subnet: usize },
    Group { vpc: usize, name: u8 },
    Authorize { group: usize, net: u8 },
    Revoke { group: usize, net: u8 },
    Hostnames { vpc: usize, on: bool },
    Gateway { table: usize },
    Interface { subnet: usize, group: usize },
    AddTable { endpoint: usize, table: usize },
    RemoveSubnet { endpoint: usize },
    Policy { endpoint: usize, deny: bool },
    Tag { subnet: usize, value: u8 },
    DeleteEndpoint { endpoint: usize },
    DeleteUnknownGroup,
    DescribeUnknownVpc,
}

pub(super) fn random(rng: &mut Rng) -> Step {
    let (a, b) = (rng.usize(..4), rng.usize(..6));
    match rng.u8(..22) {
        0 => Step::Vpc(rng.u8(..)),
        1..=3 => Step::Subnet {
            vpc: a,
            letter: rng.choice(["a", "b", "c"]).unwrap(),
            net: rng.u8(..12),
        },
        4 | 5 => Step::Table { vpc: a },
        6 | 7 => Step::Associate { table: a, subnet: b },
        8 | 9 => Step::Group {
            vpc: a,
            name: rng.u8(..3),
        },
        10 | 11 => Step::Authorize {
            group: a,
            net: rng.u8(..4),
        },
        12 => Step::Revoke {
            group: a,
            net: rng.u8(..4),
        },
        13 => Step::Hostnames { vpc: a, on: rng.bool() },
        14 => Step::Gateway { table: a },
        15 => Step::Interface { subnet: b, group: a },
        16 => Step::AddTable { endpoint: b, table: a },
        17 => Step::RemoveSubnet { endpoint: b },
        18 => Step::Policy {
            endpoint: b,
            deny: rng.bool(),
        },
        19 => Step::Tag {
            subnet: b,
            value: rng.u8(..),
        },
        20 => Step::DeleteEndpoint { endpoint: b },
        _ if rng.bool() => Step::DeleteUnknownGroup,
        _ => Step::DescribeUnknownVpc,
    }
}

/// What an endpoint was made of, so that no step asks for what moto alone accepts.
#[derive(Clone, Debug)]
struct CreatedEndpoint {
    vpc: usize,
    gateway: bool,
    tables: BTreeSet<usize>,
    deleted: bool,
}

/// Where everything lies, the same on both sides.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    subnets: Vec<usize>,
    tables: Vec<usize>,
    groups: Vec<usize>,
    endpoints: Vec<CreatedEndpoint>,
}

impl Inventory {
    /// Whether both should know what to do with a step.
    pub(super) fn allows(&self, step: &Step, vpcs: usize) -> bool {
        let taken = |table: usize| {
            let mut gateways = self.endpoints.iter().filter(|made| made.gateway && !made.deleted);
            gateways.any(|made| made.tables.contains(&table))
        };
        let alive = |endpoint: usize| self.endpoints.get(endpoint).filter(|made| !made.deleted);
        match step {
            Step::Vpc(_) => vpcs < 4,
            Step::Subnet { vpc, .. } | Step::Table { vpc } | Step::Group { vpc, .. } | Step::Hostnames { vpc, .. } => {
                *vpc < vpcs
            }
            Step::Associate { table, subnet } => self
                .tables
                .get(*table)
                .is_some_and(|vpc| self.subnets.get(*subnet) == Some(vpc)),
            Step::Authorize { group, .. } | Step::Revoke { group, .. } => *group < self.groups.len(),
            Step::Gateway { table } => *table < self.tables.len() && !taken(*table),
            Step::Interface { subnet, group } => self
                .subnets
                .get(*subnet)
                .is_some_and(|vpc| self.groups.get(*group) == Some(vpc)),
            Step::AddTable { endpoint, table } => alive(*endpoint)
                .is_some_and(|made| made.gateway && !taken(*table) && self.tables.get(*table) == Some(&made.vpc)),
            Step::RemoveSubnet { endpoint } => alive(*endpoint).is_some_and(|made| !made.gateway),
            Step::Policy { endpoint, .. } | Step::DeleteEndpoint { endpoint } => alive(*endpoint).is_some(),
            Step::Tag { subnet, .. } => *subnet < self.subnets.len(),
            Step::DeleteUnknownGroup | Step::DescribeUnknownVpc => true,
        }
    }

    pub(super) fn record(&mut self, step: &Step) {
        match step {
            Step::Subnet { vpc, .. } => self.subnets.push(*vpc),
            Step::Table { vpc } => self.tables.push(*vpc),
            Step::Group { vpc, .. } => self.groups.push(*vpc),
            Step::Gateway { table } => self
                .endpoints
                .extend(self.tables.get(*table).map(|vpc| CreatedEndpoint {
                    vpc: *vpc,
                    gateway: true,
                    tables: BTreeSet::from([*table]),
                    deleted: false,
                })),
            Step::Interface { subnet, .. } => {
                self.endpoints
                    .extend(self.subnets.get(*subnet).map(|vpc| CreatedEndpoint {
                        vpc: *vpc,
                        gateway: false,
                        tables: BTreeSet::new(),
                        deleted: false,
                    }))
            }
            Step::AddTable { endpoint, table } => {
                if let Some(made) = self.endpoints.get_mut(*endpoint) {
                    made.tables.insert(*table);
                }
            }
            Step::DeleteEndpoint { endpoint } => {
                if let Some(made) = self.endpoints.get_mut(*endpoint) {
                    made.deleted = true;
                }
            }
            _ => {}
        }
    }
}
