//! A VPC as a drawing: zones as columns with their subnets, endpoints as rows that reach into the zones, and arrows between
//! hubs and spokes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use postern_core::model::endpoint::EndpointKind;
use postern_core::model::snapshot::SubnetClass;
use postern_core::model::text::plural;

use super::escape::escaped;
use super::svg::{begin, cut, group, head, line, rect, text, title};
use super::words::reach;
use crate::audit::{AuditedScope, CentralView, EndpointView, Proof, ProofKind, SubnetView, Topology};
use crate::published::{Finding, Severity, Verdict};

/// A spoke with a service that it uses, or is to use, through an endpoint of the hub.
pub(super) type SpokeLink<'a> = (&'a str, &'a CentralView);

/// In units of the drawing, which are pixels at full size.
const OUTSIDE: usize = 110;
const LABEL: usize = 250;
const ZONE: usize = 170;
const SUBNET: usize = 40;
const ROW: usize = 58;
const TOP: usize = 56;

/// None for a VPC without subnets and endpoints.
pub(super) fn drawing(scope: &AuditedScope, spokes: &[SpokeLink<'_>], number: usize) -> Option<String> {
    let topology = &scope.topology;
    if topology.subnets.is_empty() && topology.endpoints.is_empty() {
        return None;
    }
    let mut zones: BTreeMap<&str, Vec<&SubnetView>> = BTreeMap::new();
    for subnet in &topology.subnets {
        zones.entry(&subnet.zone).or_default().push(subnet);
    }
    for subnets in zones.values_mut() {
        subnets.sort_by_key(|subnet| (subnet.class, &subnet.name));
    }
    let tallest = zones.values().map(Vec::len).max().unwrap_or_default();
    let subnets_end = TOP + tallest * (SUBNET + 6);
    let width = 2 * OUTSIDE + LABEL + zones.len().max(1) * ZONE;
    let rows = topology.endpoints.len() + topology.central.len();
    let height = subnets_end + rows * ROW + 24;
    let mut svg = begin(
        number,
        (width, height),
        &format!("Drawing of {}", scope.report.scope.resource.id),
        &description(topology, zones.len(), spokes),
    );
    let frame = width - 2 * OUTSIDE;
    rect(&mut svg, "frame", OUTSIDE, 8, frame, height - 16);
    let cidrs = topology.cidrs.join(", ");
    text(
        &mut svg,
        "",
        OUTSIDE + 12,
        28,
        &format!("VPC {}", scope.report.scope.resource.id),
    );
    text(&mut svg, "soft", OUTSIDE + 12, 44, &cut(&cidrs, 36));
    for (column, (zone, subnets)) in zones.iter().enumerate() {
        let x = OUTSIDE + LABEL + column * ZONE;
        rect(&mut svg, "zone", x + 4, 16, ZONE - 12, height - 32);
        text(&mut svg, "soft", x + 12, 34, zone);
        for (row, subnet) in subnets.iter().enumerate() {
            draw_subnet(&mut svg, subnet, x + 10, TOP + row * (SUBNET + 6));
        }
    }
    for (row, endpoint) in topology.endpoints.iter().enumerate() {
        let y = subnets_end + row * ROW + ROW / 2;
        draw_endpoint(&mut svg, endpoint, scope, &zones, y, width);
        draw_spokes(&mut svg, endpoint, spokes, y + 17);
    }
    for (row, link) in topology.central.iter().enumerate() {
        let y = subnets_end + (topology.endpoints.len() + row) * ROW + ROW / 2;
        draw_central(&mut svg, link, y, width);
    }
    svg.push_str("</svg></figure>");
    Some(svg)
}

fn description(topology: &Topology, zones: usize, spokes: &[SpokeLink<'_>]) -> String {
    let open = topology.endpoints.iter().filter(|endpoint| !endpoint.proofs.is_empty());
    let mut text = format!(
        "{} subnets in {zones} zones, {} endpoints, {} of them with an open policy.",
        topology.subnets.len(),
        topology.endpoints.len(),
        open.count()
    );
    if !topology.central.is_empty() {
        let reached = topology.central.iter().filter(|link| reached(link)).count();
        let _ = write!(
            text,
            " {} through endpoints of hubs, {reached} of them reached.",
            counted(topology.central.len(), "service")
        );
    }
    if !spokes.is_empty() {
        let spokes: BTreeSet<_> = spokes.iter().map(|(spoke, _)| spoke).collect();
        let _ = write!(text, " Used by {}.", counted(spokes.len(), "spoke"));
    }
    text + " The tables below have the same."
}

fn draw_subnet(svg: &mut String, subnet: &SubnetView, x: usize, y: usize) {
    let class = match subnet.class {
        Some(SubnetClass::Public) => "public",
        Some(SubnetClass::Private) => "private",
        Some(SubnetClass::Isolated) => "isolated",
        None => "unknown",
    };
    group(svg, "data-subnet", &subnet.id);
    title(
        svg,
        &format!("{} {}", subnet.id, subnet.name.as_deref().unwrap_or_default()),
    );
    rect(svg, &format!("subnet {class}"), x, y, ZONE - 24, SUBNET);
    let name = subnet.name.as_deref().unwrap_or(&subnet.id);
    text(svg, "", x + 8, y + 17, &cut(name, 19));
    let cidr = subnet.cidrs.first().map(String::as_str).unwrap_or_default();
    text(svg, "soft", x + 8, y + 33, &cut(&format!("{class} {cidr}"), 24));
    svg.push_str("</g>");
}

fn draw_endpoint(
    svg: &mut String,
    endpoint: &EndpointView,
    scope: &AuditedScope,
    zones: &BTreeMap<&str, Vec<&SubnetView>>,
    y: usize,
    width: usize,
) {
    let x = OUTSIDE + 12;
    group(svg, "data-endpoint", &endpoint.id);
    let worst = worst(scope, endpoint);
    let open = !endpoint.proofs.is_empty();
    let rail = if open { "rail bad" } else { "rail" };
    line(svg, rail, x, y + 10, width - OUTSIDE - 12, y + 10);
    text(svg, "", x, y - 11, &cut(&label(endpoint), 34));
    let state = worst.map_or(String::new(), |severity| format!(", {}", severity.as_str()));
    let class = if worst >= Some(Severity::High) { "alarm" } else { "soft" };
    let kind = format!("{} {}{state}", endpoint.kind.word(), cut(&endpoint.id, 24));
    text(svg, class, x, y + 3, &kind);
    for (column, subnets) in zones.values().enumerate() {
        let middle = OUTSIDE + LABEL + column * ZONE + ZONE / 2;
        draw_reach(svg, endpoint, subnets, middle, y + 10);
    }
    draw_groups(svg, endpoint, x, y + 24);
    for proof in &endpoint.proofs {
        let titled = endpoint.requests().iter().any(|one| std::ptr::eq(*one, proof));
        draw_proof(svg, proof, titled, y + 10, width);
    }
    svg.push_str("</g>");
}

/// The security groups of an endpoint: one by its id, the others as a number.
fn draw_groups(svg: &mut String, endpoint: &EndpointView, x: usize, y: usize) {
    let Some((first, others)) = endpoint.security_groups.split_first() else {
        return;
    };
    group(svg, "data-groups", &endpoint.security_groups.len().to_string());
    let more = match others.len() {
        0 => String::new(),
        more => {
            title(svg, &endpoint.security_groups.join(", "));
            format!(" and {more} more")
        }
    };
    text(svg, "soft", x, y, &format!("{}{more}", cut(first, 24)));
    svg.push_str("</g>");
}

/// Network interfaces of an interface endpoint in a zone, or routes to a gateway endpoint.
fn draw_reach(svg: &mut String, endpoint: &EndpointView, subnets: &[&SubnetView], x: usize, y: usize) {
    let routed = |subnet: &&&SubnetView| {
        let table = subnet.route_table.as_ref();
        table.is_some_and(|table| endpoint.route_tables.contains(table))
    };
    match endpoint.kind {
        EndpointKind::Gateway => {
            let count = subnets.iter().filter(routed).count();
            let class = if count > 0 { "route" } else { "none" };
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"M{} {y}l7 -7l7 7l-7 7z\"><title>{count} of {} subnets have the route</title></path>",
                x - 7,
                subnets.len()
            );
            text(svg, "soft", x + 14, y - 4, &format!("{count}/{}", subnets.len()));
        }
        EndpointKind::Interface
        | EndpointKind::GatewayLoadBalancer
        | EndpointKind::Resource
        | EndpointKind::ServiceNetwork
        | EndpointKind::Tunnel
        | EndpointKind::Other => {
            let own = subnets.iter().filter(|subnet| endpoint.subnets.contains(&subnet.id));
            let names: Vec<_> = own.map(|subnet| subnet.id.as_str()).collect();
            let _ = match names.is_empty() {
                true => write!(svg, "<circle class=\"none\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>"),
                false => write!(
                    svg,
                    "<circle class=\"eni\" cx=\"{x}\" cy=\"{y}\" r=\"6\"><title>{}</title></circle>",
                    escaped(&format!("network interface in {}", names.join(", ")))
                ),
            };
        }
    }
}

/// An arrow from the spokes that use the endpoint.
fn draw_spokes(svg: &mut String, endpoint: &EndpointView, spokes: &[SpokeLink<'_>], y: usize) {
    let of_endpoint = |(_, link): &&SpokeLink<'_>| link.endpoint.as_ref() == Some(&endpoint.id);
    let own: Vec<_> = spokes.iter().filter(of_endpoint).collect();
    if own.is_empty() {
        return;
    }
    let reaching = own.iter().filter(|(_, link)| reached(link)).count();
    let class = if reaching == own.len() { "link" } else { "link broken" };
    group(svg, "data-spokes", &own.len().to_string());
    let names: Vec<_> = own.iter().map(|(spoke, _)| *spoke).collect();
    title(
        svg,
        &format!("reached by {reaching} of {} spokes: {}", own.len(), names.join(", ")),
    );
    line(svg, class, 4, y, OUTSIDE + 2, y);
    head(svg, class, OUTSIDE + 6, y);
    text(svg, "soft", 4, y + 13, &format!("{reaching}/{} spokes", own.len()));
    svg.push_str("</g>");
}

/// A service that the VPC uses through the endpoint of a hub: an arrow to the hub, dashed where it does not reach it.
fn draw_central(svg: &mut String, link: &CentralView, y: usize, width: usize) {
    let x = OUTSIDE + 12;
    let (class, colour) = match link.verdict {
        Verdict::Compliant => ("link", "soft"),
        Verdict::Indeterminate => ("link unclear dashed", "soft"),
        Verdict::NonCompliant | Verdict::NotApplicable => ("link broken", "alarm"),
    };
    let state = reach(link);
    let hub = link.hub.as_deref().unwrap_or("no hub");
    let endpoint = link.endpoint.as_deref().unwrap_or("no endpoint");
    let ways = match link.ways.is_empty() {
        true => String::new(),
        false => format!(" through {}", link.ways.join(", ")),
    };
    group(svg, "data-central", &link.service);
    title(svg, &format!("{}: {endpoint} of {hub}{ways}, {state}", link.service));
    text(svg, "", x, y - 11, &cut(short(&link.service), 34));
    text(svg, colour, x, y + 3, &cut(&format!("central {endpoint}, {state}"), 40));
    text(svg, "soft", OUTSIDE + LABEL + 8, y + 3, &cut(ways.trim_start(), 40));
    line(svg, class, x, y + 10, width - 18, y + 10);
    head(svg, class, width - 10, y + 10);
    text(svg, "soft", width - OUTSIDE + 4, y + 3, &cut(hub, 14));
    svg.push_str("</g>");
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", plural(count))
}

fn reached(link: &CentralView) -> bool {
    link.verdict == Verdict::Compliant
}

/// A red arrow: in from a principal outside the perimeter, or out to a resource outside it. The second arrow of one request
/// has no title.
fn draw_proof(svg: &mut String, proof: &Proof, titled: bool, y: usize, width: usize) {
    let (from, to, kind) = match proof.kind {
        ProofKind::Principal => (4, OUTSIDE + 2, "principal"),
        ProofKind::Resource => (width - OUTSIDE - 4, width - 10, "resource"),
    };
    group(svg, "data-proof", kind);
    if titled {
        title(svg, &proof.sentence());
    }
    line(svg, "outside", from, y, to, y);
    head(svg, "head", to + 4, y);
    let outside = match proof.kind {
        ProofKind::Principal => account(&proof.principal),
        ProofKind::Resource => "outside".to_owned(),
    };
    text(svg, "alarm", from, y - 8, &cut(&outside, 14));
    svg.push_str("</g>");
}

/// The account of an ARN, or the principal as it is.
fn account(principal: &str) -> String {
    let account = principal.split(':').nth(4).filter(|account| !account.is_empty());
    account.unwrap_or(principal).to_owned()
}

/// Its name, or the service without provider and Region.
fn label(endpoint: &EndpointView) -> String {
    let short = short(endpoint.service.as_deref().unwrap_or("no service"));
    match &endpoint.name {
        Some(name) if name != short => format!("{short} \"{name}\""),
        Some(_) | None => short.to_owned(),
    }
}

fn short(service: &str) -> &str {
    postern_policy::short_name(service).unwrap_or(service)
}

/// The severity of the worst open finding about an endpoint.
fn worst(scope: &AuditedScope, endpoint: &EndpointView) -> Option<Severity> {
    let own = |finding: &&Finding| finding.resource.id == endpoint.id && finding.outcome.open();
    let findings = scope.report.findings.iter().filter(own);
    findings.map(|finding| finding.severity).max()
}
