use crate::support::{lines, run};

const EXPLAIN: [&str; 4] = ["policy", "explain", "--service", "s3"];

#[test]
fn an_open_policy_is_explained_by_statement_and_place() {
    let run = run(&[&EXPLAIN[..], &["identity.json"]].concat());
    assert_eq!((run.stderr.as_str(), run.status), ("", 1));
    for part in [
        "identity.json: open\n",
        "Allowed by Statement[0] \"FromOurOffice\".",
        "Not denied by Statement[1] \"NoForeignOrganisation\"",
        "`Statement[1].Condition.Bool.aws:PrincipalIsAWSService`",
        "The request by which a principal outside your perimeter can use the endpoint:\n    principal = anonymous\n    action = s3:GetObject\n",
        "    aws:ResourceOrgID = o-exampleorg1\n",
    ] {
        assert!(run.stdout.contains(part), "{part} is missing: {}", run.stdout);
    }
}

#[test]
fn a_closed_policy_is_explained_in_a_sentence() {
    let run = run(&[&EXPLAIN[..], &["closed.json"]].concat());
    assert_eq!((run.stdout.lines().count(), run.status), (2, 0), "{}", run.stdout);
}

#[test]
fn json_has_the_explanation_besides_the_members_of_check() {
    let run = run(&[&EXPLAIN[..], &["--format", "json", "identity.json"]].concat());
    let line = &lines(&run)[0];
    assert_eq!(line["verdict"], "open");
    assert!(
        line["explanation"][0]
            .as_str()
            .unwrap()
            .starts_with("Principals outside your perimeter can use this endpoint"),
        "{line}"
    );
}

#[test]
fn unreadable_part_is_explained_with_its_place() {
    let run = run(&[&EXPLAIN[..], &["misspelt.json"]].concat());
    assert!(
        run.stdout.contains("`Statement[0].Condition.StringEqual`"),
        "{}",
        run.stdout
    );
    assert_eq!(run.status, 1);
}
