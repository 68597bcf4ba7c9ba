//! What random histories once brought to light, each in its smallest form.

use chrono::TimeDelta;
use rosterd::actions::Request;
use rosterd::pipeline::run::Done;
use rosterd::roster::{Person, State};
use serde_json::Value;

use super::block_on;
use super::equal::{same_people, shape};
use super::files::{Layout, file};
use super::house::{House, plain_district};
use super::watch::{list, text};
use crate::support::{HOME, Row, student, teacher};

/// Nights of a plain district: files by name, each with its rows. Every file has enough others in it to be ordinary.
struct Story {
    house: House,
}

impl Story {
    async fn new(layout: Layout) -> Self {
        Self { house: House::new(1, vec![plain_district(HOME, layout)]).await }
    }

    /// One night; gives the account of its run.
    async fn night(&mut self, files: &[(&str, Vec<Row>)]) -> Result<Value, String> {
        let files: Vec<_> = files.iter().map(|(name, rows)| file(name, rows.clone())).collect();
        let done = self.house.deliver(0, &files).await?;
        self.house.pass_time(TimeDelta::hours(24));
        Ok(done.last().map(Done::json).unwrap_or_default())
    }

    async fn person(&self, number: &str) -> Person {
        let people = self.house.people(0).await;
        let found = people.into_values().find(|person| person.numbers.iter().any(|(_, held)| **held == *number));
        found.unwrap_or_else(|| panic!("nobody has the number {number}"))
    }
}

/// Others, so that nobody in the story is a whole cell.
fn others(first: usize) -> Vec<Row> {
    (first..first + 8).map(student).collect()
}

fn with(rows: Vec<Row>, more: impl IntoIterator<Item = Row>) -> Vec<Row> {
    rows.into_iter().chain(more).collect()
}

/// K08 (I17): two feeds give one free address to two people in the same night. One of them has it, and the run goes on.
#[test]
fn one_free_address_for_two_people_of_two_feeds() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let (ann, ben) = (student(100), student(200));
        let first = [("part0.csv", with(others(0), [ann.clone()])), ("part1.csv", with(others(20), [ben.clone()]))];
        story.night(&first).await.unwrap();
        let new = "new@springfield.example.org";
        let (ann, ben) = (ann.with("email", new), ben.with("email", new));
        let second = [("part0.csv", with(others(0), [ann.clone()])), ("part1.csv", with(others(20), [ben.clone()]))];
        story.night(&second).await.expect("the run comes to its end");
        let holders = story.house.people(0).await.into_values().filter(|person| person.email.as_deref() == Some(new));
        assert_eq!(holders.count(), 1);
    });
}

/// K14, K22 (I17): the same with two newcomers.
#[test]
fn one_free_address_for_two_newcomers_of_two_feeds() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        story.night(&[("part0.csv", others(0)), ("part1.csv", others(20))]).await.unwrap();
        let new = "new@springfield.example.org";
        let (ann, ben) = (student(100).with("email", new), student(200).with("email", new));
        let second = [("part0.csv", with(others(0), [ann])), ("part1.csv", with(others(20), [ben]))];
        story.night(&second).await.expect("the run comes to its end");
        let holders = story.house.people(0).await.into_values().filter(|person| person.email.as_deref() == Some(new));
        assert_eq!(holders.count(), 1);
    });
}

/// K05 and K09 (I17): an archived person comes back with her address in one feed, while another feed gives it to
/// somebody. Whoever has it in the end has its key too.
#[test]
fn an_archived_holder_comes_back_while_another_feed_gives_her_address_away() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let (zoe, ben) = (student(100), student(200));
        let both = [("part0.csv", with(others(0), [ben.clone()])), ("part1.csv", with(others(20), [zoe.clone()]))];
        story.night(&both).await.unwrap();
        story.night(&[("part0.csv", with(others(0), [ben.clone()])), ("part1.csv", others(20))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::ArchivedAuto);
        let taken = ben.with("email", &zoe.email);
        let third = [("part0.csv", with(others(0), [taken])), ("part1.csv", with(others(20), [zoe.clone()]))];
        story.night(&third).await.expect("the run comes to its end");
        let shown: Vec<Person> = story.house.people(0).await.into_values().collect();
        let holders: Vec<&Person> =
            shown.iter().filter(|person| person.email.as_deref() == Some(&*zoe.email)).collect();
        let query = format!(
            "SELECT hex(guid) FROM person_keys JOIN people USING (person_id) WHERE value = '{}' AND valid_to IS NULL",
            zoe.email
        );
        let keys = story.house.rows(&query).await;
        assert_eq!(holders.len(), 1, "{:?}", holders.into_iter().map(shape).collect::<Vec<_>>());
        assert_eq!(keys, [[holders[0].id.0.simple().to_string().to_uppercase()]]);
    });
}

/// K02 (I01): a row of another feed in review names the person by number, so she is protected although her own feed has
/// lost her.
#[test]
fn a_row_in_review_protects_across_feeds() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let ann = student(100);
        story.night(&[("part0.csv", others(0)), ("part1.csv", with(others(20), [ann.clone()]))]).await.unwrap();
        let stranger = student(300).with("idnumber", &ann.idnumber);
        story.night(&[("part0.csv", with(others(0), [stranger])), ("part1.csv", others(20))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::Active, "K02: A is protected");
    });
}

/// I11, K07: somebody takes the address of a person whom the same file marks inactive. What is not possible in the first
/// run must not become possible when the same file comes again.
#[test]
fn the_address_of_somebody_marked_inactive() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let (ann, ben) = (student(100), student(200));
        story.night(&[("roster.csv", with(others(0), [ann.clone(), ben.clone()]))]).await.unwrap();
        let gone = ann.clone().with("status", "0").with("email", "old.ann@springfield.example.org");
        let heir = ben.with("email", &ann.email);
        let second = [("roster.csv", with(others(0), [gone, heir]))];
        story.night(&second).await.unwrap();
        let base = story.house.people(0).await;
        story.night(&second).await.unwrap();
        same_people(&base, &story.house.people(0).await).expect("the same file again changes nobody");
    });
}

/// I11, K07 and K08 over two feeds: the holder of the address leaves by a lower feed in the same run.
#[test]
fn the_address_of_somebody_whom_another_feed_marks_inactive() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let (ann, ben) = (student(100), student(200));
        let first = [("part0.csv", with(others(0), [ben.clone()])), ("part1.csv", with(others(20), [ann.clone()]))];
        story.night(&first).await.unwrap();
        let (heir, gone) = (ben.with("email", &ann.email), ann.with("status", "0"));
        let second = [("part0.csv", with(others(0), [heir])), ("part1.csv", with(others(20), [gone]))];
        story.night(&second).await.unwrap();
        let base = story.house.people(0).await;
        story.night(&second).await.unwrap();
        same_people(&base, &story.house.people(0).await).expect("the same files again change nobody");
    });
}

/// I25: a claim that ends while another feed still speaks for the person moves the owner; that change cites the delivery
/// that ended it.
#[test]
fn a_change_of_owner_cites_its_delivery() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let ann = teacher(100);
        let part1 = ("part1.csv", with(others(20), [ann.clone()]));
        story.night(&[("part0.csv", with(others(0), [ann.clone()])), part1.clone()]).await.unwrap();
        story.night(&[("part0.csv", others(0)), part1]).await.unwrap();
        assert_eq!(story.person(&ann.idnumber).await.state, State::Active);
        let without = "SELECT action || ' ' || rule FROM changes WHERE delivery_id IS NULL";
        assert_eq!(story.house.rows(without).await, Vec::<Vec<String>>::new());
    });
}

/// I25: an absence that waited for a sibling's delivery (S6) archives; the archive cites a delivery.
#[test]
fn an_archive_that_waited_for_a_sibling_cites_a_delivery() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let ann = student(100);
        story.night(&[("part0.csv", with(others(0), [ann])), ("part1.csv", others(20))]).await.unwrap();
        story.night(&[("part0.csv", others(0))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::Active, "S6: part1 has not delivered since");
        story.night(&[("part1.csv", others(20))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::ArchivedAuto);
        let without = "SELECT action || ' ' || rule FROM changes WHERE delivery_id IS NULL";
        assert_eq!(story.house.rows(without).await, Vec::<Vec<String>>::new());
    });
}

/// K09 and K05 (I17): somebody marked inactive, under a new address, is active again in the file in which another person
/// takes her old address. Everybody has an address in the end, and its key.
#[test]
fn the_old_address_of_somebody_who_was_inactive_and_is_back() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let (ann, ben) = (student(100), student(200));
        story.night(&[("roster.csv", with(others(0), [ann.clone(), ben.clone()]))]).await.unwrap();
        let new = ann.clone().with("email", "third@springfield.example.org");
        let away = new.clone().with("status", "0");
        story.night(&[("roster.csv", with(others(0), [away, ben.clone()]))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::ArchivedAuto);
        let heir = ben.with("email", &ann.email);
        story.night(&[("roster.csv", with(others(0), [new, heir]))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::Active);
        let mut held: Vec<String> =
            story.house.people(0).await.into_values().filter_map(|person| person.email.map(String::from)).collect();
        held.sort();
        let keys = "SELECT value FROM person_keys WHERE kind = 'email' AND valid_to IS NULL ORDER BY value";
        assert_eq!(story.house.rows(keys).await.concat(), held);
        assert_eq!(held.len(), 10);
    });
}

/// I32, section 11: a removal was rejected. A row of somebody else that wants the address of the one who was kept is
/// refused (K08) and protects her, but it is not she who was seen: the answer stands.
#[test]
fn a_rejected_removal_outlives_somebody_who_wants_the_address() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let limit = story.house.districts[0].policy.limits.by_name("G02").unwrap();
        (limit.more_than, limit.percent) = (0.0, 0.0);
        let (ann, ben) = (student(100), student(200));
        story.night(&[("roster.csv", with(others(0), [ann.clone(), ben.clone()]))]).await.unwrap();
        let account = story.night(&[("roster.csv", with(others(0), [ben.clone()]))]).await.unwrap();
        assert_eq!(list(&account, "held").len(), 1, "G02 is set to hold every removal");
        let reply = story.house.ask(Request::Reject { run: text(&account, "run") }).await;
        assert!(reply.error.is_none());
        let heir = with(others(0), [ben.with("email", &ann.email)]);
        for _ in 0..2 {
            let account = story.night(&[("roster.csv", heir.clone())]).await.unwrap();
            assert_eq!(list(&account, "held"), [] as [Value; 0], "the question was answered");
            assert_eq!(story.person("000100").await.state, State::Active);
        }
    });
}

/// K07: the address of somebody who leaves passes on in the same run, and her history says so.
#[test]
fn the_history_of_a_leaver_says_that_her_address_passed_on() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let (ann, ben) = (student(100), student(200));
        story.night(&[("roster.csv", with(others(0), [ann.clone(), ben.clone()]))]).await.unwrap();
        story.night(&[("roster.csv", with(others(0), [ben.with("email", &ann.email)]))]).await.unwrap();
        assert_eq!(story.person("000200").await.email.as_deref(), Some(&*ann.email));
        let empty = "SELECT action || ' ' || rule FROM changes WHERE before = '{}' AND after = '{}'";
        assert_eq!(story.house.rows(empty).await, Vec::<Vec<String>>::new());
    });
}

/// I23: somebody changes from student to staff under another number. The number shown, and exported, is that of the role
/// shown; else the export would give them their old number in the new class.
#[test]
fn the_number_shown_is_that_of_the_role_shown() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let ann = student(100);
        story.night(&[("roster.csv", with(others(0), [ann.clone()]))]).await.unwrap();
        let now = ann.with("role", "staff").with("gradyear", "").with("idnumber", "777");
        story.night(&[("roster.csv", with(others(0), [now]))]).await.unwrap();
        let person = story.person("777").await;
        assert_eq!(person.role().map(|role| role.to_string()).as_deref(), Some("staff"));
        assert_eq!(person.numbers.first().map(|(_, number)| &**number), Some("777"), "{:?}", person.numbers);
    });
}

/// K00, S7: a row that is refused together with its group still is the row of whoever it names, here by name alone.
#[test]
fn a_row_refused_for_its_group_protects_by_name() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let (ann, ben) = (student(100).with("idnumber", ""), student(200));
        story.night(&[("roster.csv", with(others(0), [ann.clone(), ben.clone()]))]).await.unwrap();
        let mixed_up = ann.clone().with("email", &ben.email);
        story.night(&[("roster.csv", with(others(0), [mixed_up, ben]))]).await.unwrap();
        let people = story.house.people(0).await;
        let found = people.values().find(|person| person.email.as_deref() == Some(&*ann.email)).unwrap();
        assert_eq!(found.state, State::Active);
    });
}

/// S7: a row that nobody can be tied to asks for one more confirmation, twelve hours later. Dropping the same file again
/// at once confirms nothing, even if the one who is absent was protected the first time by a row that wants her address.
#[test]
fn the_same_file_at_once_confirms_no_absence() {
    block_on(async {
        let mut story = Story::new(Layout::Whole).await;
        let (ann, ben) = (student(100), student(200));
        story.night(&[("roster.csv", with(others(0), [ann.clone(), ben.clone()]))]).await.unwrap();
        let nobody = student(300).with("idnumber", "").with("email", "no address");
        let rows = with(vec![nobody, ben.with("email", &ann.email)], others(0));
        let second = file("roster.csv", rows);
        story.house.deliver(0, std::slice::from_ref(&second)).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::Active);
        story.house.pass_time(TimeDelta::minutes(1));
        story.house.deliver(0, std::slice::from_ref(&second)).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::Active);
    });
}

/// S8, S6 (I02): a correction proves nothing about absence, not even as the sibling's delivery that an absence waits for.
#[test]
fn a_correction_is_no_delivery_that_an_absence_waits_for() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let ann = student(100);
        let wrong = student(300).with("status", "perhaps");
        let part1 = with(vec![wrong.clone()], others(20));
        let account = story.night(&[("part0.csv", with(others(0), [ann])), ("part1.csv", part1)]).await.unwrap();
        let parent = list(&account, "deliveries").iter().find(|delivery| delivery["file"] == "part1.csv").unwrap();
        let parent = text(parent, "delivery");
        story.night(&[("part0.csv", others(0))]).await.unwrap();
        let mut patch = file("corrected.csv", vec![wrong.with("status", "1")]);
        let lines = String::from_utf8(patch.bytes).unwrap();
        let (header, row) = lines.trim_end().split_once('\n').unwrap();
        patch.bytes = format!("{header},_fix_of\n{row},{parent}:2\n").into_bytes();
        let done = story.house.deliver(0, &[patch]).await.unwrap();
        assert_eq!(done[0].report.deliveries[0].verdict, "patch");
        assert_eq!(story.person("000100").await.state, State::Active);
    });
}

/// I15, S7: somebody moves to another file of the source on the night on which her row there is damaged. The row still
/// names her by number and address, so she is not gone.
#[test]
fn a_damaged_row_protects_across_feeds() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let ann = student(100);
        story.night(&[("part0.csv", others(0)), ("part1.csv", with(others(20), [ann.clone()]))]).await.unwrap();
        let damaged = ann.with("status", "perhaps");
        let account =
            story.night(&[("part0.csv", with(vec![damaged], others(0))), ("part1.csv", others(20))]).await.unwrap();
        assert_eq!(account["rows"]["rejected"], 1);
        assert_eq!(story.person("000100").await.state, State::Active);
    });
}
