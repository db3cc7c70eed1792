//! Reads all pages of a list.

use std::error::Error;

use aws_sdk_ec2::types::Filter;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::CallError;

/// The largest page of most EC2 describe calls.
pub(crate) const PAGE: i32 = 1_000;
/// The largest page of DescribeRouteTables.
pub(crate) const ROUTE_TABLE_PAGE: i32 = 100;

/// The items of all pages. `fetch` takes the token of the page to get and gives its items and the next token.
pub(crate) async fn all_pages<T, E>(
    call: &'static str,
    mut fetch: impl AsyncFnMut(Option<String>) -> Result<(Vec<T>, Option<String>), SdkError<E, HttpResponse>>,
) -> Result<Vec<T>, CallError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let mut items = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let (page, next) = fetch(token.clone())
            .await
            .map_err(|error| CallError::new(call, error))?;
        items.extend(page);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(items),
            next if next == token => return Err(CallError::unreadable(call, "the same page came twice")),
            next => token = next,
        }
    }
}

pub(crate) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}
