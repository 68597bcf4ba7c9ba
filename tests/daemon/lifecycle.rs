//! Start and stop.

use std::{fs, os::unix::net::UnixDatagram, time::Duration};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Roster, Running, TestRosterd, eventually, hold_lock};

#[test]
fn serve_json_is_there_while_it_serves() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    let path = rosterd.state_dir().join("serve.json");
    let about: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(about["pid"], daemon.process.pid());
    let status = rosterd.run_now(&["status", "--json"]).expect_code(0).object();
    assert_eq!((&status["daemon"]["running"], &status["daemon"]["pid"]), (&true.into(), &daemon.process.pid().into()));

    assert_eq!(daemon.stop(), 0);
    assert!(!path.exists(), "serve.json stays");
    let status = rosterd.run_now(&["status", "--json"]).expect_code(0).object();
    assert_eq!(status["daemon"]["running"], false);
}

#[test]
fn it_logs_ready_once_and_stopped_at_the_end() {
    let rosterd = TestRosterd::new();
    let mut daemon = rosterd.serve();
    daemon.logs(&["\"ready\""]);
    daemon.process.signal(Signal::INT);
    assert_eq!(daemon.process.end(), 0, "SIGINT ends it as SIGTERM does");
    let log = daemon.log();
    let count = |message: &str| log.iter().filter(|line| line["fields"]["message"] == message).count();
    assert_eq!((count("ready"), count("stopped")), (1, 1), "{log:#?}");
    assert!(log.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()), "{log:#?}");
}

#[test]
fn systemd_is_told() {
    let rosterd = TestRosterd::new();
    let path = rosterd.root().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = rosterd.command(&["serve"]);
    command.env("NOTIFY_SOCKET", &path);
    let daemon = rosterd.serve_by(command);
    let told = || {
        let mut bytes = [0; 512];
        let length = systemd.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    assert!(told().contains("READY=1"));
    assert!(rosterd.state_dir().join("serve.json").exists(), "ready comes after serve.json");
    assert_eq!(daemon.stop(), 0);
    assert!(told().contains("STOPPING=1"));
}

#[test]
fn a_second_one_on_the_same_state_refuses() {
    let rosterd = TestRosterd::new();
    let first = rosterd.serve();
    let mut second = rosterd.begin_to_serve();
    assert_eq!(second.process.end(), 1);
    assert!(second.log_text().contains("another rosterd"), "{}", second.log_text());
    let status = rosterd.run_now(&["status", "--json"]).expect_code(0).object();
    assert_eq!(status["daemon"]["pid"], first.process.pid(), "the first one is still known");
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    rosterd.wait_for_runs(1);
    assert_eq!(first.stop(), 0);
}

#[test]
fn what_a_killed_one_leaves_behind_is_in_nobodys_way() {
    let rosterd = TestRosterd::new();
    let mut killed = rosterd.serve();
    killed.process.kill();
    assert!(rosterd.state_dir().join("serve.json").exists(), "it had no time to tidy up");
    let status = rosterd.run_now(&["status", "--json"]).expect_code(0).object();
    assert_eq!(status["daemon"]["running"], false);
    // A command does the work itself, and another daemon can start.
    rosterd.deliver("users.csv", &Roster::students(20).csv());
    rosterd.run_now(&["sync"]).expect_code(0);
    assert_eq!(rosterd.active_now(), 20);
    assert_eq!(rosterd.serve().stop(), 0);
}

#[test]
fn sigterm_lets_the_run_in_hand_come_to_its_end() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.serve();
    rosterd.deliver("users.csv", &Roster::students(3000).csv());
    eventually("a run", || {
        let runs = rosterd.run_now(&["runs", "list", "--json"]).expect_code(0).json();
        (!runs.is_empty()).then_some(())
    });
    assert_eq!(daemon.stop(), 0);
    let runs = rosterd.ended_runs();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    assert_eq!((runs[0].state(), runs[0].rows("created")), ("completed", 3000));
    assert_eq!(rosterd.active_now(), 3000);
    let report: Value = serde_json::from_str(&rosterd.result_file(".report.json")).unwrap();
    assert_eq!(report["run"], runs[0].run());
    // Nothing is left to do.
    assert!(rosterd.run_now(&["sync", "--json"]).expect_code(0).json().is_empty());
}

/// While somebody else works on the state, a daemon and commands wait; whoever comes first, all get their turn.
#[test]
fn commands_that_come_while_it_starts_are_answered() {
    let rosterd = TestRosterd::new().loaded_now(&Roster::students(20));
    let lock = hold_lock(&rosterd);
    let daemon = rosterd.begin_to_serve();
    let mut commands: Vec<Running> = (0..6).map(|_| rosterd.begin(&["sync"])).collect();
    drop(lock);
    for command in &mut commands {
        command.end_well();
    }
    assert_eq!(daemon.ready().stop(), 0);
}

/// The first to come makes the database, the others wait for it.
#[test]
fn many_begin_on_a_new_installation_at_once() {
    let rosterd = TestRosterd::new();
    let daemon = rosterd.begin_to_serve();
    let mut commands: Vec<Running> = ["status", "sync", "doctor", "sync", "status", "doctor", "sync", "status"]
        .iter()
        .map(|command| rosterd.begin(&[command]))
        .collect();
    for command in &mut commands {
        command.end_well();
    }
    assert_eq!(daemon.ready().stop(), 0);
}
