//! The size of a storm.

/// How large the organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One VPC and a few events.
    Small,
    /// Several VPCs, more services, more people.
    Large,
}
