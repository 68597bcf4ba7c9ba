//! What random histories once brought to light, each in its smallest form.

use chrono::TimeDelta;
use rosterd::pipeline::run::Done;
use rosterd::roster::{Person, State};
use serde_json::Value;

use super::block_on;
use super::equal::{same_people, shape};
use super::files::{Layout, file};
use super::house::{House, plain_district};
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

fn with(rows: Vec<Row>, more: &[Row]) -> Vec<Row> {
    rows.into_iter().chain(more.iter().cloned()).collect()
}

/// K08 (I17): two feeds give one free address to two people in the same night. One of them has it, and the run goes on.
#[test]
fn one_free_address_for_two_people_of_two_feeds() {
    block_on(async {
        let mut story = Story::new(Layout::ByPart).await;
        let (ann, ben) = (student(100), student(200));
        let first = [("part0.csv", with(others(0), &[ann.clone()])), ("part1.csv", with(others(20), &[ben.clone()]))];
        story.night(&first).await.unwrap();
        let new = "new@springfield.example.org";
        let (ann, ben) = (ann.with("email", new), ben.with("email", new));
        let second = [("part0.csv", with(others(0), &[ann.clone()])), ("part1.csv", with(others(20), &[ben.clone()]))];
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
        let second = [("part0.csv", with(others(0), &[ann])), ("part1.csv", with(others(20), &[ben]))];
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
        let both = [("part0.csv", with(others(0), &[ben.clone()])), ("part1.csv", with(others(20), &[zoe.clone()]))];
        story.night(&both).await.unwrap();
        story.night(&[("part0.csv", with(others(0), &[ben.clone()])), ("part1.csv", others(20))]).await.unwrap();
        assert_eq!(story.person("000100").await.state, State::ArchivedAuto);
        let taken = ben.with("email", &zoe.email);
        let third = [("part0.csv", with(others(0), &[taken])), ("part1.csv", with(others(20), &[zoe.clone()]))];
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
        story.night(&[("part0.csv", others(0)), ("part1.csv", with(others(20), &[ann.clone()]))]).await.unwrap();
        let stranger = student(300).with("idnumber", &ann.idnumber);
        story.night(&[("part0.csv", with(others(0), &[stranger])), ("part1.csv", others(20))]).await.unwrap();
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
        story.night(&[("roster.csv", with(others(0), &[ann.clone(), ben.clone()]))]).await.unwrap();
        let gone = ann.clone().with("status", "0").with("email", "old.ann@springfield.example.org");
        let heir = ben.with("email", &ann.email);
        let second = [("roster.csv", with(others(0), &[gone, heir]))];
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
        let first = [("part0.csv", with(others(0), &[ben.clone()])), ("part1.csv", with(others(20), &[ann.clone()]))];
        story.night(&first).await.unwrap();
        let (heir, gone) = (ben.with("email", &ann.email), ann.with("status", "0"));
        let second = [("part0.csv", with(others(0), &[heir])), ("part1.csv", with(others(20), &[gone]))];
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
        let part1 = ("part1.csv", with(others(20), &[ann.clone()]));
        story.night(&[("part0.csv", with(others(0), &[ann.clone()])), part1.clone()]).await.unwrap();
        story.night(&[("part0.csv", others(0)), part1]).await.unwrap();
        assert_eq!(story.person(&ann.idnumber).await.state, State::Active);
        let without = "SELECT action || ' ' || rule FROM changes WHERE delivery_id IS NULL";
        assert_eq!(story.house.rows(without).await, Vec::<Vec<String>>::new());
    });
}
