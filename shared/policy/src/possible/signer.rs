//! Who signs requests, and which keys these have.

use crate::arn::{Arn, is_service};
use crate::condition_keys::Carrier;
use crate::evaluate::Request;
use crate::federation;

/// Who signed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signer {
    Root,
    User,
    Role,
    FederatedUser,
    Service,
    /// Nobody. The caller may bring the token of an identity provider.
    Nobody {
        token: bool,
    },
}

impl Signer {
    pub(super) fn of(request: &Request) -> Option<Self> {
        let name = request.principal.as_str();
        if name == "anonymous" {
            let token = federation::is_call(&request.action);
            return Some(Self::Nobody { token });
        }
        if is_service(name) {
            return Some(Self::Service);
        }
        let arn = Arn::parse(name).filter(Arn::is_principal)?;
        let kind = arn.resource.split('/').next().unwrap_or_default();
        match (arn.service, kind) {
            ("iam", "root") => Some(Self::Root),
            ("iam", "user") => Some(Self::User),
            ("iam", "role") | ("sts", "assumed-role") => Some(Self::Role),
            ("sts", "federated-user") => Some(Self::FederatedUser),
            _ => None,
        }
    }

    pub(super) fn is_iam(self) -> bool {
        !matches!(self, Self::Service | Self::Nobody { .. })
    }

    /// Whether it always signs with temporary credentials.
    pub(super) fn is_temporary(self) -> bool {
        matches!(self, Self::Role | Self::FederatedUser)
    }

    pub(super) fn carries(self, carrier: Carrier) -> bool {
        match carrier {
            Carrier::Any => true,
            Carrier::Signed => self.is_iam(),
            Carrier::Role => self == Self::Role,
            Carrier::User => self == Self::User,
            Carrier::Root => self == Self::Root,
            Carrier::Tagged => self.is_iam() && self != Self::Root,
            Carrier::NotFederatedUser => self.is_iam() && self != Self::FederatedUser,
            Carrier::Federated => matches!(self, Self::Role | Self::Nobody { token: true }),
            Carrier::Service => self == Self::Service,
            Carrier::Nobody => false,
        }
    }
}
