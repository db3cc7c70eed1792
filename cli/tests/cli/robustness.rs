use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::support::{command, directory, fixture, lines, run, run_with};

/// Checks a document of these bytes in a file.
fn check(bytes: &[u8]) -> crate::support::Run {
    let directory = directory();
    fs::write(directory.path().join("policy.json"), bytes).unwrap();
    run_with(
        directory.path(),
        &["policy", "check", "--service", "s3", "policy.json"],
        b"",
    )
}

#[test]
fn text_that_is_not_json_is_named_with_its_place() {
    let deep = "[".repeat(1 << 20);
    for (bytes, part) in [
        (
            &b""[..],
            "`policy.json` is not JSON: the document ends too early (line 1, column 1)",
        ),
        (
            b"{\n  \"Statement\" []}",
            "`policy.json` is not JSON: a colon is missing (line 2, column 15)",
        ),
        (
            b"{\n  \"Id\": \"\xe9\"}",
            "`policy.json` is not UTF-8 text (line 2, byte 10 of it)",
        ),
        (
            b"{\"Id\": \"\\ud800\"}",
            "half of a surrogate pair is no character (line 1,",
        ),
        (
            b"\xef\xbb\xbf{}",
            "`policy.json` is not JSON: it starts with a byte order mark: save it as UTF-8 without one (line 1, column 1)",
        ),
        (deep.as_bytes(), "nested too deeply (line 1,"),
        (b"Version: 2012-10-17", "`policy.json` is not JSON: "),
        (
            b"\xff\xfe{\x00}\x00",
            "`policy.json` is not UTF-8 text (line 1, byte 1 of it)",
        ),
    ] {
        let run = check(bytes);
        assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{part}: {}", run.stderr);
        assert!(
            run.stderr.starts_with("error: ") && run.stderr.contains(part),
            "{part}: {}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
}

#[test]
fn json_that_is_no_policy_is_undecided_with_its_place() {
    for (text, part) in [
        ("[]", "(line 1, column 1)"),
        ("{}", "has no `Statement`"),
        ("{\"Statement\": [1]}", "`Statement[0]`"),
        ("{\"Statement\": [{\"Effect\": \"Permit\"}]}", "`Statement[0].Effect`"),
        ("{\"Statement\": null}", "`Statement"),
    ] {
        let run = check(text.as_bytes());
        assert!(
            run.stdout.starts_with("policy.json: undecided\n"),
            "{text}: {}",
            run.stdout
        );
        assert!(run.stdout.contains(part), "{text}: {}", run.stdout);
        assert_eq!((run.stderr.as_str(), run.status), ("", 1), "{text}");
    }
}

#[test]
fn a_document_of_a_megabyte_is_judged_and_said_to_be_too_long() {
    let values: Vec<String> = (0..500).map(|n| format!("\"{n:02000}\"")).collect();
    let text = format!(
        "{{\"Statement\": [{{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"*\", \"Resource\": \"*\",\n\
         \"Condition\": {{\"StringNotEquals\": {{\"aws:UserAgent\": [{}]}}}}}}]}}",
        values.join(", ")
    );
    assert!(text.len() > 1_000_000);
    let run = check(text.as_bytes());
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    assert!(run.stdout.starts_with("policy.json: open\n"), "{}", run.stdout);
    assert!(run.stdout.contains("20480 characters"), "{}", run.stdout);
}

#[test]
fn endless_file_is_refused() {
    let directory = directory();
    fs::File::create(directory.path().join("policy.json"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let run = run_with(directory.path(), &["policy", "check", "policy.json"], b"");
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr.contains("`policy.json` is larger than 8 MiB"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_directory_is_no_file() {
    let directory = directory();
    let run = run_with(directory.path(), &["policy", "check", "."], b"");
    assert_eq!(
        (run.stderr.as_str(), run.status),
        ("error: `.` is a directory; name the files in it\n", 2)
    );
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    let directory = directory();
    for (settings, part) in [("absent.toml", "cannot be read"), (".", "is a directory")] {
        let run = run_with(
            directory.path(),
            &["policy", "check", "--settings", settings, "-"],
            b"{}",
        );
        assert_eq!((run.stdout.as_str(), run.status), ("", 2));
        assert!(
            run.stderr.starts_with(&format!("error: `{settings}` {part}")),
            "{}",
            run.stderr
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let path = directory.path().join("policy.json");
    fs::write(&path, "{}").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        println!("this user may read everything: nothing is tested");
        return;
    }
    let run = run_with(directory.path(), &["policy", "check", "policy.json"], b"");
    assert_eq!((run.stdout.as_str(), run.status), ("", 2));
    assert!(
        run.stderr.contains("`policy.json` cannot be read: Permission denied"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_reader_that_has_gone_is_no_reason_to_panic() {
    let open = fixture("open.json");
    let mut arguments = vec!["policy", "explain", "--format", "json"];
    arguments.extend(std::iter::repeat_n(open.to_str().unwrap(), 200));
    let mut child = command(&fixture(""), &arguments).stdin(Stdio::null()).spawn().unwrap();
    let mut first = [0; 1];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(141), "as shells report the end by SIGPIPE");
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command(&fixture(""), &["policy", "check", "--service", "s3", "closed.json"])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: the result cannot be written: "), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn text_from_a_policy_cannot_steer_the_terminal() {
    let text = r#"{"Statement": [{"Sid": "a\u001b[2Jb\u202ec", "Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "arn:aws:s3:::x\u001b[31m"}], "\u0007\u009b": 1}"#;
    let directory = directory();
    for arguments in [["policy", "check", "-"], ["policy", "explain", "-"]] {
        for document in [text.to_owned(), text.replace(", \"\\u0007\\u009b\": 1", "")] {
            let run = run_with(directory.path(), &arguments, document.as_bytes());
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(
                !run.stdout.contains(steers) && !run.stderr.contains(steers),
                "{:?}",
                run.stdout
            );
            assert_eq!(run.status, 1);
        }
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let directory = directory();
    let name = OsStr::from_bytes(b"pol\xfficy.json");
    if fs::copy(fixture("closed.json"), directory.path().join(name)).is_err() {
        println!("this file system takes text only: nothing is tested");
        return;
    }
    let flags = ["policy", "check", "--format", "json", "--service", "s3"].map(OsStr::new);
    let run = run_with(directory.path(), &[&flags[..], &[name]].concat(), b"");
    assert_eq!(lines(&run)[0]["verdict"], "closed");
    assert_eq!(run.status, 0);
}

#[test]
fn wrong_arguments_are_refused_with_advice() {
    for (arguments, part) in [
        (&["policy", "check"][..], "<FILE>"),
        (&["policy", "check", "--type", "gate", "closed.json"], "gateway"),
        (
            &["policy", "check", "--service", "S3", "closed.json"],
            "such as com.amazonaws",
        ),
        (&["policy", "check", "--owner", "1234", "closed.json"], "twelve digits"),
        (&["policy", "check", "--endpoint-id", "vpc-1", "closed.json"], "vpce-"),
        (&["policy", "chek", "closed.json"], "check"),
        (&["policy", "eval", "closed.json"], "--request"),
    ] {
        let run = run(arguments);
        assert_eq!((run.stdout.as_str(), run.status), ("", 2), "{arguments:?}");
        assert!(run.stderr.contains(part), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn help_is_no_error() {
    for arguments in [
        &["--help"][..],
        &["policy", "--help"],
        &["policy", "check", "--help"],
        &["policy", "eval", "--help"],
    ] {
        let run = run(arguments);
        assert!(run.stdout.contains("Usage: postern"), "{}", run.stdout);
        assert_eq!((run.stderr.as_str(), run.status), ("", 0));
    }
}

/// Command lines that cannot succeed in a directory with `bad.toml`, and without a network.
const WRONG: &[&str] = &[
    "policy check nosuch.json",
    "policy check --settings nosuch.toml p.json",
    "policy check --settings bad.toml p.json",
    "policy explain nosuch.json",
    "policy fix nosuch.json",
    "policy eval --request nosuch.json p.json",
    "settings check nosuch.toml",
    "settings check bad.toml",
    "settings check missing/",
    "settings show nosuch.toml",
    "settings show bad.toml",
    "settings show arn:aws:ssm:eu-central-1",
    "controls --settings nosuch.toml",
    "controls --settings bad.toml",
    "exemptions --settings nosuch.toml",
    "exemptions --settings bad.toml",
    "events replay nosuch.json",
    "events replay bad.toml",
    "audit --settings nosuch.toml",
    "audit --settings bad.toml",
    "explain policy-open vpce-1 --settings nosuch.toml",
    "plan --settings nosuch.toml",
    "plan --settings bad.toml",
    "apply nosuch.json --table t",
    "apply bad.toml --table t",
    "apply vpc-1 --settings nosuch.toml --table t",
    "apply vpc-1 --settings bad.toml --table t",
    "rollback --run r --settings nosuch.toml --table t",
    "rollback --run r --settings bad.toml --table t",
    "resume --run r --settings nosuch.toml --table t",
    "release vpc-1 --settings nosuch.toml --table t",
    "release vpc-1 --settings bad.toml --table t",
    "prices --write nosuch.toml",
    "man nosuch/man",
];

#[test]
fn message_of_a_wrong_call_is_printed_once() {
    let directory = directory();
    let file = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    file(
        "bad.toml",
        "[perimeter]\norganizations = 1\naccounts = [\"1\"]\n[modes]\ndefault = \"often\"\n",
    );
    file("p.json", "{}");
    for line in WRONG {
        let arguments: Vec<&str> = line.split(' ').collect();
        let mut command = crate::stand_in::command(directory.path(), &arguments);
        // Nothing answers there.
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        let run = crate::stand_in::run_of(command.output().unwrap());
        assert_eq!(run.status, 2, "{line}: {}{}", run.stdout, run.stderr);
        let messages = [run.stderr.as_str(), &run.stdout].concat();
        assert!(!messages.is_empty(), "{line}");
        let mut seen = std::collections::BTreeSet::new();
        for message in messages.lines() {
            assert!(seen.insert(message), "{line}: {messages}");
            // A cause of an error is in its line once.
            let parts: Vec<&str> = message.split(": ").collect();
            let distinct: std::collections::BTreeSet<&&str> = parts.iter().collect();
            assert_eq!(parts.len(), distinct.len(), "{line}: {messages}");
        }
    }
}
