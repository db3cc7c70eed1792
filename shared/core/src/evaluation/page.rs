//! What people read about a control, besides its documentation.

use std::fmt::Write as _;

use super::{Control, Framework};
use crate::model::finding::ResourceKind;

impl Control {
    /// Its documentation with the frameworks that it answers and an exemption to copy. Markdown.
    pub fn page(&self) -> String {
        let mut page = format!("{}\n\n## Frameworks\n\n", self.documentation);
        for framework in Framework::ALL {
            let references = self.references().filter(|reference| reference.framework == framework);
            let ids: Vec<_> = references
                .map(|reference| format!("{} ({})", reference.id, reference.title))
                .collect();
            if !ids.is_empty() {
                let _ = writeln!(
                    page,
                    "- [{}]({}): {}",
                    framework.title(),
                    framework.source(),
                    ids.join("; ")
                );
            }
        }
        let id = match self.resource {
            ResourceKind::Vpc => "vpc-0123456789abcdef0",
            ResourceKind::Subnet => "subnet-0123456789abcdef0",
            ResourceKind::RouteTable => "rtb-0123456789abcdef0",
            ResourceKind::Endpoint | ResourceKind::EndpointConnection => "vpce-0123456789abcdef0",
            ResourceKind::EndpointService => "vpce-svc-0123456789abcdef0",
        };
        let _ = write!(
            page,
            "\n## Exempt a resource\n\nIn `postern.toml`, with the last day on which it applies:\n\n```toml\n[[exemptions]]\ncontrol \
             = \"{}\"\nresource = \"{id}\"\nreason = \"Team: why it is accepted\"\nexpires = 2027-06-30\n```",
            self.name
        );
        page
    }
}
