//! Storms: organisations at random, people who change them, events that come late, twice and not at all, calls that fail
//! before and after their effect, functions that die, operators who take back what was done; and what has to hold
//! nevertheless.
//!
//! A storm follows from its seed. It takes place on the model cloud, in paused time, with the functions' own code from
//! the SQS batch on.

mod checks;
mod deliveries;
mod operators;
mod organisation;
mod people;
mod storm;
mod tale;

use std::thread;

pub use organisation::{LEDGER, ledger, role, topic};
pub use storm::{Figures, Kind, ride};

/// What the futures of the SDK's clients take of a stack where the compiler optimises.
const STACK: usize = 16 * 1024 * 1024;

/// Does the work once on each processor.
///
/// # Panics
/// If the work does.
pub fn on_all_processors(work: impl Fn() + Sync) {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &work);
            #[expect(clippy::expect_used, reason = "without threads there are no tests")]
            worker.expect("a thread can be started");
        }
    });
}
