//! Storms: organisations at random, people who change them, events that come late, twice and not at all, calls that fail
//! before and after their effect, functions that die, operators who take back what was done; and what has to hold
//! nevertheless.
//!
//! A storm follows from its seed. It takes place on the model cloud, in paused time, with the functions' own code from
//! the SQS batch on.

mod checks;
mod figures;
mod operators;
mod people;
mod queues;
mod setup;
mod size;
mod storm;
mod trace;

use std::thread;

pub use figures::Figures;
pub use setup::{LEDGER, ledger, role, topic};
pub use size::Size;
pub use storm::run_storm;

/// What the futures of the SDK's clients take of a stack where the compiler optimises.
const STACK: usize = 16 * 1024 * 1024;

/// Does the work once on each processor.
///
/// # Panics
/// If the work does.
pub fn on_all_cores(work: impl Fn() + Sync) {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &work);
            #[expect(clippy::expect_used, reason = "without threads there are no tests")]
            worker.expect("a thread can be started");
        }
    });
}
