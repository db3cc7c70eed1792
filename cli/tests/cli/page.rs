//! The page of an audit in a browser.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::stand_in::{REGION, StandIn, finish};

/// The browser that `POSTERN_CHROMIUM` names, or Debian's. None where there is none: the warning is written past the
/// capture of test output, so that everybody who runs the tests sees it.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("POSTERN_CHROMIUM").map(PathBuf::from) {
        assert!(
            named.exists(),
            "POSTERN_CHROMIUM names `{}`, which does not exist",
            named.display()
        );
        return Some(named);
    }
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        let warning = "WARNING: there is no Chromium, so the page is NOT tested in a browser; install it, or set POSTERN_CHROMIUM\n";
        std::io::stderr().write_all(warning.as_bytes()).unwrap();
    }
    found
}

/// The document after its script ran, with what the browser complains about.
pub(crate) async fn open(browser: &Path, page: &Path, fragment: &str) -> (String, Vec<String>) {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(browser);
    command.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=5000",
        "--dump-dom",
    ]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.arg(format!("file://{}#{fragment}", page.display()));
    let run = finish(command).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    let complaints = run.stderr.lines().filter(|line| line.contains(":CONSOLE"));
    (run.stdout, complaints.map(str::to_owned).collect())
}

/// The findings of a dumped page that are shown, by the start of their tags.
fn shown(dom: &str) -> Vec<&str> {
    let tags = dom
        .split("<article ")
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap());
    tags.filter(|tag| !tag.contains("hidden")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_renders_filters_and_shows_what_the_json_says() {
    let Some(browser) = chromium() else { return };
    let (stand_in, vpc) = StandIn::with_faulty_vpc().await;
    // Whoever may tag a resource must not be able to run anything in the page.
    let hostile = "</title><script>console.error('hostile')</script><img src=x onerror=console.error(1)>";
    stand_in.name(&vpc.sts, hostile).await;
    let run = stand_in
        .run(&[
            "audit",
            "--region",
            REGION,
            "--vpc",
            &vpc.id,
            "-o",
            "audit.html",
            "-o",
            "audit.json",
        ])
        .await;
    assert_eq!(run.status, 1, "{}", run.stderr);
    let page = stand_in.directory.path().join("audit.html");
    let document: Value = serde_json::from_str(&stand_in.read("audit.json")).unwrap();
    let scope = &document["scopes"][0];

    let (dom, complaints) = open(&browser, &page, "").await;
    assert_eq!(complaints, [""; 0]);
    assert!(!dom.contains("<img") && dom.contains("onerror="), "the tag is text");
    let open_findings = scope["report"]["findings"].as_array().unwrap().iter();
    let quiet = ["compliant", "not-applicable"];
    let open_findings = open_findings.filter(|finding| !quiet.contains(&finding["outcome"].as_str().unwrap()));
    let count = open_findings.count();
    assert_eq!(shown(&dom).len(), count);
    assert!(
        dom.contains(&format!(">{count} findings of {count}</output>")),
        "the script ran"
    );
    for (attribute, items) in [("data-subnet", "subnets"), ("data-endpoint", "endpoints")] {
        let drawn = dom.matches(&format!("<g {attribute}=")).count();
        assert_eq!(drawn, scope["topology"][items].as_array().unwrap().len(), "{items}");
    }
    let endpoints = scope["topology"]["endpoints"].as_array().unwrap();
    let proofs: usize = endpoints
        .iter()
        .map(|endpoint| endpoint["proofs"].as_array().unwrap().len())
        .sum();
    assert!(proofs > 0);
    assert_eq!(dom.matches("<g data-proof=").count(), proofs);

    let (dom, complaints) = open(&browser, &page, "severity=critical").await;
    assert_eq!(complaints, [""; 0]);
    let critical = shown(&dom);
    assert!(!critical.is_empty() && critical.len() < count);
    assert!(
        critical.iter().all(|tag| tag.contains("data-severity=\"critical\"")),
        "{critical:?}"
    );
    let (dom, _) = open(&browser, &page, &format!("q=STS+{}", vpc.sts)).await;
    assert!(!shown(&dom).is_empty() && shown(&dom).len() < count);
    let (dom, _) = open(&browser, &page, "q=nothing-has-this").await;
    assert_eq!(shown(&dom).len(), 0);
}
