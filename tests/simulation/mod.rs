//! Random histories against the real pipeline, in process: what must hold whatever a district sends (design section 17).
//!
//! Every history is made from one number. A failure prints it; `ROSTERD_TEST_SEED=17` plays that history alone, in every
//! test. To run for long: `ROSTERD_TEST_HISTORIES=500 ROSTERD_TEST_NIGHTS=25 cargo test --test main simulation`;
//! `ROSTERD_TEST_FIRST=1000` starts counting there. What went wrong once, in its smallest form, is in `regressions`.

mod chance;
mod check;
mod equal;
mod files;
mod histories;
mod house;
mod metamorphic;
mod regressions;
mod town;
mod watch;

use std::future::Future;

/// The histories to play: `default` of them, unless the environment says otherwise.
fn seeds(default: u64) -> Vec<u64> {
    if let Some(seed) = number("ROSTERD_TEST_SEED") {
        return vec![seed];
    }
    let first = number("ROSTERD_TEST_FIRST").unwrap_or(1);
    (first..first + number("ROSTERD_TEST_HISTORIES").unwrap_or(default)).collect()
}

/// How many nights a history has.
fn nights(default: u64) -> u64 {
    number("ROSTERD_TEST_NIGHTS").unwrap_or(default)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// The pipeline blocks in places, so it wants more than one thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// Plays a property for every seed; all that fail are named.
fn for_all<F: Future<Output = Result<(), String>>>(seeds: Vec<u64>, property: impl Fn(u64) -> F) {
    let mut broken = Vec::new();
    for seed in seeds {
        if let Err(what) = block_on(property(seed)) {
            broken.push(format!("ROSTERD_TEST_SEED={seed}: {what}"));
        }
    }
    assert!(broken.is_empty(), "{} histories break a rule:\n{}", broken.len(), broken.join("\n"));
}
