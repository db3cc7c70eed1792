//! Endpoint services in an audit, and names that somebody chose who wants to do harm.

use postern_tests::offer::PublicService;
use serde_json::Value;

use crate::page::{chromium, open};
use crate::stand_in::{REGION, StandIn};

const MARKUP: &str = "</title><script>console.error('hostile')</script><img src=x onerror=console.error(1)>";
const FORMULA: &str = "=HYPERLINK(\"http://203.0.113.9/\")";
const REVERSED: &str = "pay\u{202e}gpj.exe";
const PATH: &str = "../../../etc/passwd";

/// A public endpoint service and two VPCs, one of them with an endpoint to STS. All of them have hostile names.
async fn audited(outputs: &[&str]) -> StandIn {
    let stand_in = StandIn::start().await;
    let ec2 = stand_in.moto.ec2(REGION).await;
    let service = PublicService::create(&ec2, &stand_in.moto, REGION).await.unwrap();
    service.open(&ec2, stand_in.proxy.connections()).await.unwrap();
    service.connect(stand_in.proxy.connections());
    let mut subnets = Vec::new();
    for (network, name) in [("10.9", FORMULA), ("10.8", REVERSED)] {
        let vpc = ec2.create_vpc().cidr_block(format!("{network}.0.0/16"));
        let vpc = vpc.send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
        let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("{network}.1.0/24"));
        let subnet = subnet.send().await.unwrap().subnet.unwrap().subnet_id.unwrap();
        stand_in.name(&vpc, name).await;
        stand_in.name(&subnet, PATH).await;
        subnets.push((vpc, subnet));
    }
    let (vpc, subnet) = &subnets[0];
    let endpoint = ec2.create_vpc_endpoint().vpc_id(vpc).subnet_ids(subnet);
    let endpoint = endpoint
        .vpc_endpoint_type("Interface".into())
        .service_name(format!("com.amazonaws.{REGION}.sts"));
    let endpoint = endpoint.send().await.unwrap().vpc_endpoint.unwrap();
    for resource in [&endpoint.vpc_endpoint_id.unwrap(), &service.id] {
        stand_in.name(resource, MARKUP).await;
    }
    let settings = "[perimeter]\naccounts = [\"111122223333\"]\n[[requirements]]\nservices = [\"sts\"]\nsubnets = { classes = \
                    [\"isolated\"] }\n[[providers]]\naccounts = [\"222233334444\"]\n";
    std::fs::write(stand_in.directory.path().join("postern.toml"), settings).unwrap();
    let outputs = outputs.iter().flat_map(|output| ["--output", output]);
    let arguments: Vec<_> = ["audit", "--region", REGION].into_iter().chain(outputs).collect();
    let run = stand_in.run(&arguments).await;
    assert_eq!(run.status, 1, "{}", run.stderr);
    stand_in
}

/// How many things the groups of a drawing stand for, all of them and those of which it says so.
fn drawn(dom: &str, attribute: &str, about: &str) -> (usize, usize) {
    let start = format!("<g {attribute}=\"");
    let groups = dom.split(&start).skip(1).map(|rest| rest.split("</g>").next().unwrap());
    let mut counts = (0, 0);
    for group in groups {
        let count: usize = group.split('"').next().unwrap().parse().unwrap();
        counts.0 += count;
        counts.1 += if group.contains(about) { count } else { 0 };
    }
    counts
}

/// The same in the document.
fn counted(list: &Value, member: &str, value: &str) -> (usize, usize) {
    let list = list.as_array().unwrap();
    (list.len(), list.iter().filter(|item| item[member] == value).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_drawn_as_the_json_says() {
    let Some(browser) = chromium() else { return };
    let stand_in = audited(&["audit.html", "audit.json"]).await;
    let document: Value = serde_json::from_str(&stand_in.read("audit.json")).unwrap();
    let (dom, complaints) = open(&browser, &stand_in.directory.path().join("audit.html"), "").await;
    assert_eq!(complaints, [""; 0]);
    assert!(!dom.contains("<img") && dom.contains("onerror="), "the names are text");

    let topologies: Vec<&Value> = document["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| &scope["topology"])
        .collect();
    let services: Vec<&Value> = topologies
        .iter()
        .map(|one| &one["service"])
        .filter(|one| one.is_object())
        .collect();
    let [service] = services.as_slice() else {
        panic!("{services:#?}")
    };
    let principals = counted(&service["principals"], "trust", "untrusted");
    assert_eq!(principals, (2, 1), "{service:#}");
    assert_eq!(drawn(&dom, "data-principals", "not trusted"), principals);
    let consumers = counted(&service["consumers"], "trust", "untrusted");
    assert_eq!(consumers, (3, 1), "{service:#}");
    assert_eq!(drawn(&dom, "data-connections", "not trusted"), consumers);
    let (waiting, drawn_waiting) = (
        counted(&service["consumers"], "state", "pending-acceptance").1,
        drawn(&dom, "data-connections", " pending-acceptance ").1,
    );
    assert_eq!((waiting, drawn_waiting), (1, 1));
    for balancer in service["load_balancers"].as_array().unwrap() {
        assert!(dom.contains(&format!("<g data-balancer=\"{}\"", balancer["arn"].as_str().unwrap())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_harmless_in_every_output() {
    let outputs = ["a.txt", "a.html", "a.csv", "a.json", "a.ocsf.jsonl", "a.asff.jsonl"];
    let stand_in = audited(&outputs).await;
    for output in outputs {
        let text = stand_in.read(output);
        let raw = text
            .chars()
            .find(|c| !matches!(c, '\n' | '\r') && (c.is_control() || *c == '\u{202e}'));
        assert_eq!(raw, None, "{output}");
        // Security Hub gets ids alone.
        let named = text.contains(r"pay\u{202e}gpj.exe") || text.contains(r"pay\\u{202e}gpj.exe");
        assert_eq!(named, output != "a.asff.jsonl", "{output}");
    }
    let page = stand_in.read("a.html");
    assert_eq!((page.matches("<script").count(), page.matches("<img").count()), (1, 0));
    for cell in stand_in.read("a.csv").split("\",\"") {
        let cell = cell.rsplit("\r\n\"").next().unwrap();
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    for output in ["a.json", "a.ocsf.jsonl", "a.asff.jsonl"] {
        let text = stand_in.read(output);
        let documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        assert!(documents.map(Result::unwrap).count() > 0, "{output}");
    }
    let written: Vec<_> = std::fs::read_dir(stand_in.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written.len(), outputs.len() + 1, "{written:?}");
}
