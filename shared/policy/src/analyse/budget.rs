//! Steps that an analysis may take before it gives up.

/// At most twenty milliseconds of work, many times what honest documents take.
const STEPS: u64 = 1_000_000;

/// Steps that a principal or an owner costs, so that there is a bound to how many are kept.
pub(super) const KEPT: usize = 8;

#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { left: STEPS }
    }

    /// False when the steps are used up.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        self.left = self.left.saturating_sub(steps as u64);
        self.left > 0
    }

    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }
}
