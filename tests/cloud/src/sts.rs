//! STS: `GetCallerIdentity`.

use crate::form::Form;
use crate::xml::Xml;
use crate::{ACCOUNT, not_modelled};

pub(crate) fn answer(caller: &str, operation: &str, form: &Form) -> String {
    if operation != "GetCallerIdentity" {
        not_modelled(format_args!("sts:{operation}"));
    }
    form.all_read(operation);
    let account = caller.split(':').nth(4).filter(|account| !account.is_empty());
    let mut xml = Xml::default();
    xml.text("Arn", caller);
    xml.text("UserId", "AIDAEXAMPLEEXAMPLE000");
    xml.text("Account", account.unwrap_or(ACCOUNT));
    let content = xml.finish();
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>{content}\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId>\
         </ResponseMetadata></GetCallerIdentityResponse>"
    )
}
