//! What a person sees in 80 columns. A change here is a change of what people read: look at it as they would.
//!
//! `INSTA_UPDATE=always cargo test --test main screens` writes the screens anew.

mod answers;
mod passes;
mod people;
mod redact;
mod setup;

use crate::support::{Answer, TestRosterd};

pub use redact::{redacted, timeless};

/// Widest line that a screen may have.
const WIDTH: usize = 80;

/// A command and its answer as they stand on a terminal, without what is another's in every installation.
fn screen(rosterd: &TestRosterd, args: &[&str]) -> String {
    let answer = rosterd.run(args);
    shown(rosterd, args, &answer)
}

fn shown(rosterd: &TestRosterd, args: &[&str], answer: &Answer) -> String {
    let mut out = format!("$ rosterd {}\n{}", args.join(" "), answer.stdout);
    if !answer.stderr.is_empty() {
        out.push_str(&format!("--- standard error\n{}", answer.stderr));
    }
    out.push_str(&format!("--- exit {}\n", answer.code));
    at_home(rosterd, &out)
}

/// A text with the installation's folder named as if it stood in `/srv/rosterd`, and without ids.
fn at_home(rosterd: &TestRosterd, text: &str) -> String {
    redacted(&text.replace(rosterd.root().to_str().unwrap(), "/srv/rosterd"))
}

/// No line is wider than a screen.
#[track_caller]
fn assert_fits(screen: &str) {
    let long: Vec<&str> = screen.lines().filter(|line| line.chars().count() > WIDTH).collect();
    assert!(long.is_empty(), "wider than {WIDTH} columns: {long:#?}");
}
