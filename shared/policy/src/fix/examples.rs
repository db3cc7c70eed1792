//! Requests that refute documents.

use super::NoFix;
use crate::document::Document;
use crate::evaluate::{Request, evaluate};

/// Requests that refuted one attempt. They may refute another sooner than a search does.
#[derive(Default)]
pub(super) struct Examples {
    /// Requests that are to be denied.
    pub(super) holes: Vec<Request>,
    /// Requests that the document allows and that are to be allowed still.
    pub(super) legitimate: Vec<Request>,
}

impl Examples {
    /// Why a document is no fix, if one of these tells.
    pub(super) fn refute(&self, fixed: &Document) -> Result<(), NoFix> {
        let allowed = |request: &Request| evaluate(fixed, request).is_allowed();
        if self.holes.iter().any(allowed) {
            return Err(NoFix::NotClosed);
        }
        match self.legitimate.iter().find(|request| !allowed(request)) {
            Some(lost) => Err(NoFix::Loses(Box::new(lost.clone()))),
            None => Ok(()),
        }
    }
}
