use super::*;

fn problems(text: &str) -> Vec<String> {
    match Document::parse(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn every_error_is_reported_with_its_place() {
    let text = r#"{
  "Version": "2012-10-18",
  "Statements": [],
  "Statement": [
    {"Effect": "Permit", "Principal": "111122223333", "Action": [], "Resource": {"a": 1}, "Condtion": {}},
    {"Effect": "Allow", "NotPrincipal": "*", "Action": "*", "NotAction": "*",
     "Condition": {"StringEqual": {"a:b": "c"}, "Bool": {"a:b": "yes"}, "DateLessThan": {"a:b": "soon"},
                   "IpAddress": {"a:b": "10.0.0.0/40"}, "NumericEquals": {"a:b": null}, "StringLike": {"a:b": "${c"}}}
  ]
}"#;
    insta::assert_snapshot!(problems(text).join("\n"), @r#"
    `Version` is neither `2012-10-17` nor `2008-10-17` (line 2, column 14)
    `Statements` is no element of a policy document (line 3, column 17)
    `Statement[0].Condtion` is no element of a statement (line 5, column 103)
    `Statement[0].Effect` is `Permit`, neither `Allow` nor `Deny` (line 5, column 16)
    `Statement[0].Principal` is neither `*` nor an object such as `{"AWS": …}` (line 5, column 39)
    `Statement[0].Action` is an empty list (line 5, column 65)
    `Statement[0].Resource` is an object, not a string (line 5, column 81)
    `Statement[1]` has both `Action` and `NotAction` (line 6, column 5)
    `Statement[1]` has no `Resource` (line 6, column 5)
    `Statement[1].Condition.StringEqual` is no condition operator of IAM (line 7, column 35)
    `Statement[1].Condition.Bool.a:b` has `yes`, which is not `true` or `false` (line 7, column 65)
    `Statement[1].Condition.DateLessThan.a:b` has `soon`, which is not an instant in ISO 8601 (line 7, column 97)
    `Statement[1].Condition.IpAddress.a:b` has `10.0.0.0/40`, which is not an address or a network (line 8, column 41)
    `Statement[1].Condition.NumericEquals.a:b` is null, not a string (line 8, column 82)
    `Statement[1].NotPrincipal` is supported with Deny only (line 6, column 41)
    "#);
}

#[test]
fn text_that_is_no_document_is_refused() {
    for text in [
        "",
        "[]",
        "null",
        "{}",
        "{\"Statement\": 1}",
        "{\"Statement\": [[]]}",
        "{\"Version\": 1, \"Statement\": []}",
    ] {
        assert!(!problems(text).is_empty(), "{text}");
    }
    let many = vec!["{}"; 501].join(",");
    assert!(problems(&format!("{{\"Statement\":[{many}]}}"))[0].contains("more than 500 statements"));
}

#[test]
fn parser_accepts_objects_or_arrays_and_booleans_or_numbers_as_text() {
    let text = r#"{"Id": "x", "Statement": {"Sid": "s", "Effect": "Deny", "Principal": {"AWS": ["*", "111122223333"], "Service": "a.amazonaws.com"},
        "NotAction": ["s3:*"], "NotResource": "*", "Condition": {"Bool": {"aws:SecureTransport": false}, "NumericLessThan": {"s3:max-keys": 10},
        "StringEquals": {"aws:PrincipalAccount": 111122223333}}}}"#;
    let document = Document::parse(text).unwrap();
    assert_eq!(
        (document.statements().len(), document.version(), document.notes()),
        (1, Version::V2008, &[][..])
    );
    assert_eq!(document.statements()[0].name(), "Statement[0] \"s\"");
}

#[test]
fn document_that_aws_refuses_or_reads_otherwise_has_a_note() {
    let text = r#"{"Statement": [{"Effect": "allow", "Principal": {"AWS": "arn:aws:iam::*:root"}, "Action": "*", "Resource": ["bucket"],
        "Condition": {"StringEquals": {"aws:PrincipalAccount": 11122223333, "AWS:principalaccount": "1"}}}]}"#;
    let document = Document::parse(text).unwrap();
    let notes: Vec<String> = document.notes().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notes.join("\n"), @r#"
    `Statement[0].Effect` is `allow` in the wrong case: AWS refuses it
    `Statement[0].Condition.StringEquals` has the member `AWS:principalaccount` twice, which makes the document ambiguous
    `Statement[0].Principal.AWS` has `arn:aws:iam::*:root`, which matches nobody: wildcards cannot match part of a principal's name
    `Statement[0].Resource` has `bucket`, which is neither an ARN nor `*`
    "#);
    assert!(document.variants.len() > 3);
}
