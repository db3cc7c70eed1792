//! What people read about a control: its documentation, what auditors ask for, a sample, and an exemption to copy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use postern_core::evaluation::{Control, Framework};
use postern_core::model::finding::ResourceKind;
use serde::{Deserialize, Serialize};

use crate::published::Finding;

/// Written by the tests, from what the controls find in a few worlds.
const SAMPLES: &str = include_str!("../samples.json");

/// A finding, with the alert about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) finding: Finding,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// The page of a control, without its heading. Markdown.
pub fn control_page(control: &Control) -> String {
    let samples: BTreeMap<String, Sample> = serde_json::from_str(SAMPLES).unwrap_or_default();
    with_sample(control, samples.get(control.name))
}

pub(crate) fn with_sample(control: &Control, sample: Option<&Sample>) -> String {
    let mut page = format!("{}\n\n## Frameworks\n\n", control.documentation);
    for framework in Framework::ALL {
        let references = control
            .references()
            .filter(|reference| reference.framework == framework);
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
    if let Some(sample) = sample {
        let finding = serde_json::to_string_pretty(&sample.finding).unwrap_or_default();
        let _ = write!(
            page,
            "\n## Sample finding\n\nAs in reports, in audit mode:\n\n```json\n{finding}\n```\n\nIts \
             alert:\n\n```text\nSubject: {}\n\n{}\n```\n",
            sample.subject,
            sample.body.trim_end()
        );
    }
    let id = match control.resource {
        ResourceKind::Vpc => "vpc-0123456789abcdef0",
        ResourceKind::Subnet => "subnet-0123456789abcdef0",
        ResourceKind::RouteTable => "rtb-0123456789abcdef0",
        ResourceKind::Endpoint | ResourceKind::EndpointConnection => "vpce-0123456789abcdef0",
        ResourceKind::EndpointService => "vpce-svc-0123456789abcdef0",
    };
    let id = sample.map_or(id, |sample| sample.finding.resource.id.as_str());
    let _ = write!(
        page,
        "\n## Exempt a resource\n\nIn `postern.toml`, with the last day on which it applies:\n\n```toml\n[[exemptions]]\ncontrol \
         = \"{}\"\nresource = \"{id}\"\nreason = \"Team: why it is accepted\"\nexpires = 2027-06-30\n```",
        control.name
    );
    page
}
