//! What a search keeps in memory.

use super::*;
use crate::analyse::Setting;
use crate::analyse::model::Supposition;
use crate::document::Document;
use crate::interpretation::Interpretation;
use crate::{EndpointContext, Perimeter};

#[test]
fn budget_bounds_how_many_principals_and_owners_are_kept() {
    let values = |value: &dyn Fn(usize) -> String| (0..250).map(value).collect::<Vec<_>>().join(",");
    let perimeter = Perimeter {
        organizations: vec!["o-exampleorg1".to_owned()],
        ..Perimeter::default()
    };
    let endpoint = EndpointContext {
        service: "s3".to_owned(),
        gateway: false,
        owner: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        vpc: String::new(),
        endpoint: String::new(),
        time: 1_795_392_000,
    };
    for (resource, condition) in [
        (values(&|i| format!("\"arn:aws:s3:*:*{i}*:*{i}*\"")), String::new()),
        (
            values(&|i| format!("\"arn:aws:s3:::${{aws:PrincipalTag/{i}}}-${{aws:username}}\"")),
            String::new(),
        ),
        (
            "\"*\"".to_owned(),
            format!(
                r#""StringLike":{{"aws:PrincipalAccount":[{}],"aws:ResourceOrgPaths":[{}],"aws:PrincipalArn":[{}]}}"#,
                values(&|i| format!("\"*{i}*\"")),
                values(&|i| format!("\"o-*/r-*/ou-*{i}*/*\"")),
                values(&|i| format!("\"arn:aws:iam::*:*/{i}*\""))
            ),
        ),
        (
            "\"*\"".to_owned(),
            format!(
                r#""ForAnyValue:StringLike":{{"aws:TagKeys":[{}]}},"StringEquals":{{"aws:ResourceAccount":["${{aws:PrincipalAccount}}",{}]}}"#,
                values(&|i| format!("\"*{i}*\"")),
                values(&|i| format!("\"{i:012}\""))
            ),
        ),
    ] {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}},{{"Effect":"Deny","Principal":"*","Action":"*","Resource":[{resource}],"Condition":{{{condition}}}}}]}}"#
        );
        let document = Document::parse(&text).unwrap();
        let setting = Setting::new(&perimeter, &endpoint);
        let model = Model::new(
            &document,
            &setting,
            Interpretation::default(),
            Supposition::AsPublished,
            true,
        );
        let mut budget = Budget::new();
        let mut search = Search::new(&model, &mut budget);
        for goal in [Goal::Identity, Goal::Resource, Goal::Reach] {
            let _ = search.find(goal, Links::Follow, &mut budget, &mut |_| None::<()>);
        }
        let resources = search.resources.iter().map(|(.., all)| all.len());
        let kept = search.principals.all.len()
            + search
                .classes
                .iter()
                .map(|class| class.owners.len() + class.groups.iter().map(|group| group.actions.len()).sum::<usize>())
                .sum::<usize>()
            + search.choices.iter().map(Vec::len).sum::<usize>()
            + resources.chain(search.resolved.values().map(Vec::len)).sum::<usize>();
        assert!(kept <= 150_000, "{kept} kept for {text}");
    }
}
