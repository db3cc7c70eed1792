//! The proof that a document is a fix.

use super::deny::{Deny, Writer};
use super::{Fix, NoFix, appended};
use crate::analyse::{Analysis, Containment, regression};
use crate::document::Document;
use crate::evaluate::{Request, evaluate};

/// The witnesses of an analysis that suppose nothing.
pub(super) fn certain(found: &Analysis) -> impl Iterator<Item = Request> {
    let witnesses = [&found.identity, &found.resource].into_iter().flatten();
    witnesses
        .filter(|witness| witness.supposing.is_empty())
        .map(|witness| witness.request.clone())
}

impl Writer<'_> {
    /// The document with the statements at its end, if all that a fix promises can be proven of it.
    pub(super) fn proven(&self, denies: &[Deny], was_locked_out: bool) -> Result<Fix, NoFix> {
        let (fixed, fix) = self.written(denies)?;
        let locks_out = match self.closes(&fixed, was_locked_out) {
            Err(NoFix::LocksOut) => true,
            other => other.map(|()| false)?,
        };
        self.keeps(&fixed, fix.added.len())?;
        if locks_out { Err(NoFix::LocksOut) } else { Ok(fix) }
    }

    /// The document with the statements at its end.
    pub(super) fn written(&self, denies: &[Deny]) -> Result<(Document, Fix), NoFix> {
        let added = self.texts(denies);
        let text = appended(self.document, &added)?;
        let fixed = Document::parse(&text).map_err(|_| NoFix::NotClosed)?;
        Ok((fixed, Fix { text, added }))
    }

    /// Whether a document has no hole and locks nobody out who was not.
    pub(super) fn closes(&self, fixed: &Document, was_locked_out: bool) -> Result<(), NoFix> {
        self.examples.borrow().refute(fixed)?;
        let after = self.setting.analyse(fixed);
        if !matches!(after.verdict, Containment::Closed | Containment::LockedOut) {
            self.examples.borrow_mut().holes.extend(certain(&after));
            return Err(NoFix::NotClosed);
        }
        if after.locked_out && !was_locked_out {
            return Err(NoFix::LocksOut);
        }
        Ok(())
    }

    /// Whether the last statements of a document, Denies all, take nothing legitimate away.
    pub(super) fn keeps(&self, fixed: &Document, denies: usize) -> Result<(), NoFix> {
        self.examples.borrow().refute(fixed)?;
        match regression(fixed, denies, self.setting) {
            Some(None) => Ok(()),
            Some(Some(request)) => {
                if evaluate(self.document, &request).is_allowed() {
                    self.examples.borrow_mut().legitimate.push(request.clone());
                }
                Err(NoFix::Loses(Box::new(request)))
            }
            None => Err(NoFix::LossUnknown),
        }
    }
}
