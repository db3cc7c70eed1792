use std::fs;

use serde_json::Value;

use crate::support::{Run, directory, fixture, lines, run, run_with};

const FIX: [&str; 4] = ["policy", "fix", "--service", "s3"];

fn fix(arguments: &[&str]) -> Run {
    run(&[&FIX[..], arguments].concat())
}

/// Checks a document given on standard input.
fn check(document: &str) -> Run {
    run_with(
        &fixture(""),
        &["policy", "check", "--service", "s3", "-"],
        document.as_bytes(),
    )
}

#[test]
fn an_open_policy_is_printed_closed_with_the_difference_beside_it() {
    let run = fix(&["open.json"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(check(&run.stdout).stdout, "-: closed\n");
    let before = fs::read_to_string(fixture("open.json")).unwrap();
    let kept = before.lines().nth(2).unwrap();
    assert!(run.stdout.contains(kept), "{}", run.stdout);
    assert!(
        run.stderr.starts_with("--- open.json\n+++ open.json, fixed\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("\n+       \"Effect\": \"Deny\",\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_hole_is_closed_by_one_statement() {
    let run = fix(&["--format", "json", "identity.json"]);
    let line = &lines(&run)[0];
    assert_eq!((line["verdict"].as_str(), run.status), (Some("open"), 0));
    assert_eq!(line["fix"]["added"].as_array().unwrap().len(), 1, "{line}");
    assert_eq!(line["fix"]["added"][0]["Effect"], "Deny");
    assert_eq!(check(line["fix"]["document"].as_str().unwrap()).stdout, "-: closed\n");
}

#[test]
fn a_closed_policy_stays_as_it_is() {
    let run = fix(&["closed.json"]);
    assert_eq!(run.stdout, fs::read_to_string(fixture("closed.json")).unwrap());
    assert_eq!(
        (run.stderr.as_str(), run.status),
        ("closed.json: closed; nothing is changed\n", 0)
    );
}

#[test]
fn policy_that_cannot_be_fixed_is_named_and_not_printed() {
    for (file, part) in [
        ("locked-out.json", "locks everybody out"),
        ("misspelt.json", "StringEqual"),
        ("pinned.json", "--endpoint-id"),
    ] {
        let run = fix(&[file]);
        assert_eq!((run.stdout.as_str(), run.status), ("", 1), "{file}");
        assert!(
            run.stderr.starts_with(&format!("{file}: not fixed: ")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(part), "{}", run.stderr);
        let run = fix(&["--format", "json", file]);
        assert_eq!((&lines(&run)[0]["fix"], run.status), (&Value::Null, 1), "{file}");
    }
}

#[test]
fn a_file_is_changed_only_when_asked_and_only_once() {
    let directory = directory();
    let path = directory.path().join("policy.json");
    fs::copy(fixture("open.json"), &path).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let printed = run_with(directory.path(), &[&FIX[..], &["policy.json"]].concat(), b"");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    let write = [&FIX[..], &["--write", "policy.json"]].concat();
    let first = run_with(directory.path(), &write, b"");
    assert_eq!(
        (first.stdout.as_str(), first.stderr.as_str(), first.status),
        (printed.stderr.as_str(), "", 0)
    );
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(after, printed.stdout);
    let second = run_with(directory.path(), &write, b"");
    assert_eq!(second.stdout, "policy.json: closed; nothing is changed\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
    let left: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_survive() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = directory();
    let path = directory.path().join("policy.json");
    fs::copy(fixture("open.json"), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = directory.path().join("link.json");
    symlink("policy.json", &link).unwrap();
    let run = run_with(directory.path(), &[&FIX[..], &["--write", "link.json"]].concat(), b"");
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(check(&fs::read_to_string(&path).unwrap()).stdout, "-: closed\n");
}

#[test]
fn standard_input_cannot_be_changed() {
    let directory = directory();
    let text = fs::read(fixture("open.json")).unwrap();
    let run = run_with(directory.path(), &[&FIX[..], &["--write", "-"]].concat(), &text);
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert_eq!(
        run.stderr,
        "error: standard input cannot be changed; leave out --write\n"
    );
    let run = run_with(directory.path(), &[&FIX[..], &["-"]].concat(), &text);
    assert_eq!(check(&run.stdout).stdout, "-: closed\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_is_named() {
    let text = fs::read(fixture("open.json")).unwrap();
    let run = run_with(&fixture(""), &[&FIX[..], &["--write", "/dev/stdin"]].concat(), &text);
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr.starts_with("error: `/dev/stdin` cannot be written: "),
        "{}",
        run.stderr
    );
    let directory = directory();
    let run = run_with(directory.path(), &[&FIX[..], &["--write", "absent.json"]].concat(), b"");
    assert!(
        run.stderr.starts_with("error: `absent.json` cannot be read: "),
        "{}",
        run.stderr
    );
    assert_eq!(run.status, 2);
}

#[test]
fn the_difference_is_readable_though_the_document_is_one_line() {
    let directory = directory();
    let text = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let run = run_with(directory.path(), &[&FIX[..], &["-"]].concat(), text.as_bytes());
    assert!(
        run.stderr.contains("\n+       \"Effect\": \"Deny\",\n"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.lines().all(|line| line.len() < 120), "{}", run.stderr);
    assert!(run.stdout.ends_with("}\n"), "{}", run.stdout);
}
