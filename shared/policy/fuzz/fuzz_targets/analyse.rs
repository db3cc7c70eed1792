//! Whatever a document says, its witnesses are allowed and possible, and a fix of it leaves no hole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern_policy::{Containment, Document, EndpointContext, Perimeter, analyse, evaluate, fix, impossible};

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text) else { return };
    let perimeter = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        aws_services: true,
        ..Perimeter::default()
    };
    let endpoint = EndpointContext {
        service: "s3".to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "eu-central-1".to_owned(),
        vpc: "vpc-0a1b2c3d4e5f60718".to_owned(),
        endpoint: "vpce-0a1b2c3d4e5f60718".to_owned(),
        time: 1_795_392_000,
    };
    let found = analyse(&document, &perimeter, &endpoint);
    for witness in [&found.identity, &found.resource].into_iter().flatten() {
        assert_eq!(impossible(&witness.request, &endpoint), None);
        assert!(!witness.supposing.is_empty() || evaluate(&document, &witness.request).is_allowed());
    }
    if let Ok(fixed) = fix(&document, &perimeter, &endpoint)
        && let Ok(closed) = Document::parse(&fixed.text)
    {
        assert_ne!(analyse(&closed, &perimeter, &endpoint).verdict, Containment::Open);
    }
});
