//! A command that a daemon carries out answers as it would without one.

use std::{path::Path, sync::LazyLock};

use crate::{
    screens::{redacted as redacted_ids, timeless},
    support::{Answer, Daemon, Roster, Running, TestRosterd, eventually, spread, student},
};

/// Ids and times are another's in another installation, and so are paths.
fn redacted(text: &str, root: &Path) -> String {
    timeless(&redacted_ids(&text.replace(root.to_str().unwrap(), "[root]")))
}

struct Pair {
    plain: TestRosterd,
    served: TestRosterd,
}

impl Pair {
    /// The same answer of both.
    #[track_caller]
    fn same(&self, code: i32, args: &[&str]) -> (Answer, Answer) {
        let plain = self.plain.run_now(args);
        let served = self.served.run_now(args);
        let shown = |answer: &Answer, root: &Path| {
            (answer.code, redacted(&answer.stdout, root), redacted(&answer.stderr, root))
        };
        assert_eq!(shown(&plain, self.plain.root()), shown(&served, self.served.root()), "{args:?}");
        assert_eq!(plain.code, code, "{plain:?}");
        (plain, served)
    }

    fn deliver(&self, name: &str, bytes: &[u8]) {
        self.plain.deliver(name, bytes);
        self.served.deliver(name, bytes);
        // The daemon takes it as soon as it sees it; what `sync` then finds is in the spool.
        eventually("the file in the spool", || self.served.is_sealed(bytes).then_some(()));
    }

    /// The newest run of each.
    fn newest(&self) -> (String, String) {
        let newest = |rosterd: &TestRosterd| {
            rosterd.run_now(&["runs", "list", "--json"]).expect_code(0).json()[0]["run"].as_str().unwrap().to_owned()
        };
        (newest(&self.plain), newest(&self.served))
    }

    /// As `same`, for a command about the newest run.
    #[track_caller]
    fn same_about_the_newest_run(&self, code: i32, before: &[&str], after: &[&str]) {
        let (of_plain, of_served) = self.newest();
        let plain = self.plain.run_now(&[before, &[&*of_plain], after].concat());
        let served = self.served.run_now(&[before, &[&*of_served], after].concat());
        let shown = |answer: &Answer| {
            (answer.code, redacted(&answer.stdout, Path::new("/")), redacted(&answer.stderr, Path::new("/")))
        };
        assert_eq!(shown(&plain), shown(&served), "{before:?}");
        assert_eq!(plain.code, code, "{plain:?}");
    }
}

static ROSTER: LazyLock<Roster> = LazyLock::new(|| Roster::students(60));

/// Two installations in the same state, one of them with a daemon; a schedule keeps the daemon from running by itself.
fn pair() -> (Pair, Daemon) {
    let installation = || TestRosterd::builder().schedule("0 3 29 2 *").confirmations(1).build().loaded_now(&ROSTER);
    let (plain, served) = (installation(), installation());
    let daemon = served.serve();
    (Pair { plain, served }, daemon)
}

#[test]
fn sync() {
    let (pair, daemon) = pair();
    pair.same(0, &["sync"]);
    pair.same(0, &["sync", "--json"]);
    pair.deliver("users.csv", &ROSTER.clone().and([student(60)]).csv());
    pair.same(0, &["sync"]);
    pair.deliver("users.csv", &ROSTER.clone().and([student(61)]).set(3, "role", "wizard").csv());
    pair.same(3, &["sync", "--json"]);
    pair.deliver("users.csv", &ROSTER.without(&spread(30, 60)).csv());
    pair.same(4, &["sync"]);
    pair.deliver("other.csv", b"a,b,c\n1,2,3\n");
    pair.same(5, &["sync"]);
    // What waits is named on standard error, by the daemon's command too.
    pair.plain.deliver("users.csv.part", b"half");
    pair.served.deliver("users.csv.part", b"half");
    let (_, served) = pair.same(0, &["sync"]);
    assert!(served.stderr.contains("users.csv.part"), "{served:?}");
    pair.same(2, &["sync", "--district", "atlantis"]);
    pair.same(2, &["sync", "--source", "atlantis"]);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn people() {
    let (pair, daemon) = pair();
    let someone = &ROSTER.rows[5];
    pair.same(0, &["people", "edit", &someone.idnumber, "--set", "given_name=Ola", "--set", "grad_year=2031"]);
    pair.same(0, &["people", "edit", &someone.email, "--set", "family_name=Berg", "--json"]);
    pair.same(2, &["people", "edit", "nobody", "--set", "family_name=Berg"]);
    pair.same(2, &["people", "edit", "nobody", "--set", "family_name=Berg", "--json"]);
    pair.same(2, &["people", "edit", &someone.email, "--set", "shoe_size=44"]);
    pair.same(2, &["people", "edit", &someone.email, "--set", &format!("email={}", ROSTER.rows[6].email)]);
    pair.same(0, &["people", "pin", &someone.idnumber, "keep"]);
    pair.same(0, &["people", "archive", &ROSTER.rows[7].idnumber]);
    pair.same(0, &["people", "restore", &ROSTER.rows[7].idnumber]);
    assert_eq!(daemon.stop(), 0);
    let shown = |rosterd: &TestRosterd| {
        let list = rosterd.run_now(&["people", "list", "--state", "all", "--json"]).expect_code(0).stdout;
        redacted(&list, rosterd.root())
    };
    assert_eq!(shown(&pair.plain), shown(&pair.served));
}

#[test]
fn answers_to_what_waits() {
    let (pair, daemon) = pair();
    pair.same_about_the_newest_run(2, &["runs", "approve"], &[]);
    pair.deliver("users.csv", &ROSTER.without(&spread(30, 60)).csv());
    pair.same(4, &["sync"]);
    pair.same_about_the_newest_run(2, &["runs", "approve"], &[]);
    pair.same_about_the_newest_run(2, &["runs", "approve"], &["--archive", "3"]);
    pair.same_about_the_newest_run(0, &["runs", "approve"], &["--archive", "30"]);
    assert_eq!(pair.served.active_now(), 30);
    pair.deliver("users.csv", &ROSTER.without(&spread(48, 60)).csv());
    pair.same(4, &["sync"]);
    pair.same_about_the_newest_run(0, &["runs", "reject"], &["--json"]);
    pair.same(2, &["runs", "reject", "ffffffff"]);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn import() {
    let (pair, daemon) = pair();
    let imported = |rosterd: &TestRosterd| rosterd.aside("users.csv", &ROSTER.clone().and([student(60)]).csv());
    let (of_plain, of_served) = (imported(&pair.plain), imported(&pair.served));
    // A relative path means the folder of the one who asks, not the daemon's.
    assert!(of_plain.ends_with("elsewhere/users.csv") && of_served.ends_with("elsewhere/users.csv"));
    pair.same(0, &["import", "elsewhere/users.csv"]);
    assert_eq!((pair.plain.active_now(), pair.served.active_now()), (61, 61));
    pair.same(2, &["import", "elsewhere/nothing.csv"]);
    pair.same(0, &["import", "elsewhere/users.csv", "--mode", "merge", "--json"]);
    assert_eq!(daemon.stop(), 0);
}

/// Many at once: each is done, one after another.
#[test]
fn many_at_once() {
    let (pair, daemon) = pair();
    let edit = |at: usize| {
        let number = &*ROSTER.rows[at].idnumber;
        pair.served.begin(&["people", "edit", number, "--set", "grad_year=2044"])
    };
    let mut commands: Vec<Running> = (0..12).map(edit).collect();
    commands.iter_mut().for_each(Running::end_well);
    assert_eq!(daemon.stop(), 0);
    let people = pair.served.run_now(&["people", "list", "--json"]).expect_code(0).json();
    assert_eq!(people.iter().filter(|person| person["grad_year"] == 2044).count(), 12);
}
