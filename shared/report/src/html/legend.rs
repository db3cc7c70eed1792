//! What the signs of the drawings mean, once for the page.

use std::fmt::Write as _;

use crate::audit::Audit;

/// Signs that some drawing of the page can have. `links` says whether VPCs use endpoints of hubs.
pub(super) fn legend(page: &mut String, audit: &Audit, links: bool) {
    let topologies = || audit.scopes.iter().map(|scope| &scope.topology);
    if !topologies().any(|topology| !topology.endpoints.is_empty() || topology.service.is_some()) {
        return;
    }
    page.push_str("<ul class=\"legend\" aria-label=\"Signs of the drawings\">");
    let arrow = |line: &str, head: &str| {
        format!("<path class=\"{line}\" d=\"M0 7h20\"/><path class=\"{head}\" d=\"M24 7l-8 -5v10z\"/>")
    };
    let circle = |class: &str| format!("<circle class=\"{class}\" cx=\"12\" cy=\"7\" r=\"6\"/>");
    let mut signs = vec![
        (circle("eni"), "network interface of an interface endpoint in the zone"),
        (circle("none"), "no network interface in the zone"),
        (
            "<path class=\"route\" d=\"M5 7l7 -7l7 7l-7 7z\"/>".to_owned(),
            "route to a gateway endpoint; 1/2: one of two subnets of the zone has it",
        ),
        (
            arrow("outside", "head"),
            "who gets in from outside the perimeter, and what can be reached outside it",
        ),
    ];
    if links {
        signs.push((
            arrow("link", "link"),
            "a VPC uses an endpoint of a hub; dashed: it does not reach the endpoint",
        ));
    }
    if topologies().any(|topology| topology.service.is_some()) {
        signs.push((
            arrow("link untrusted", "link untrusted"),
            "principals and connections that are not trusted",
        ));
    }
    for (sign, meaning) in signs {
        let _ = write!(
            page,
            "<li><svg class=\"map\" width=\"26\" height=\"14\" aria-hidden=\"true\">{sign}</svg> {meaning}</li>"
        );
    }
    page.push_str("</ul>");
}
