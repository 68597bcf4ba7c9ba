//! The presence decision table (design section 8): per person and role-class, what the sources'
//! statements make of the stored state. First match wins; total over its axes.

use serde::{Deserialize, Serialize};

/// Strongest statement of any sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sync {
    None,
    Live,
    Unproven,
    Inactive,
    Released,
    Withdrawn,
}

impl Sync {
    /// For the state the strongest statement counts, in this order.
    const BY_STRENGTH: [Self; 6] =
        [Self::Live, Self::Unproven, Self::Inactive, Self::Withdrawn, Self::Released, Self::None];

    /// The strongest of several syncs' statements; `None` when there are none.
    pub fn strongest(statements: impl IntoIterator<Item = Self>) -> Self {
        strongest(&Self::BY_STRENGTH, statements).unwrap_or(Self::None)
    }
}

/// Strongest statement of any file feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum File {
    Never,
    Ok,
    Inactive,
    /// A row is present but refused or in review.
    Rejected,
    /// Gone, proven, confirmed.
    Absent,
    Unproven,
}

impl File {
    const BY_STRENGTH: [Self; 6] =
        [Self::Ok, Self::Rejected, Self::Unproven, Self::Inactive, Self::Absent, Self::Never];

    /// The strongest of several feeds' statements; `Never` when there are none.
    pub fn strongest(statements: impl IntoIterator<Item = Self>) -> Self {
        strongest(&Self::BY_STRENGTH, statements).unwrap_or(Self::Never)
    }
}

fn strongest<T: Copy + PartialEq>(order: &[T], statements: impl IntoIterator<Item = T>) -> Option<T> {
    let rank = |statement: &T| order.iter().position(|other| other == statement);
    statements.into_iter().min_by_key(|statement| rank(statement))
}

/// What the store holds for the person in this role-class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stored {
    New,
    ActiveSync,
    ActiveFile,
    ActiveLocal,
    ArchivedAuto,
    ArchivedAdmin,
}

impl Stored {
    const fn is_active(self) -> bool {
        matches!(self, Self::ActiveSync | Self::ActiveFile | Self::ActiveLocal)
    }
}

/// An operator's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pinned {
    None,
    Keep,
    Suspend,
}

/// Age of the file claim: old when it was stated too long ago, or before the person was archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Age {
    Fresh,
    Old,
}

/// One combination of the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Axes {
    pub sync: Sync,
    pub file: File,
    pub stored: Stored,
    pub pin: Pinned,
    pub age: Age,
}

/// Class of an outcome: what a gate may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    None,
    Add,
    Update,
    Remove,
    Hold,
}

/// What happens to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Suspend,
    StayArchived,
    NotCreated,
    Create,
    Restore,
    /// Updated or unchanged from the owning source.
    Update,
    /// File to sync, no archive.
    Takeover,
    /// Local to a source, pins kept.
    Adopt,
    /// Sync to file, no archive.
    Handover,
    /// No source writes.
    Freeze,
    Untouched,
    /// Stays active although nobody vouches, for a pin.
    KeepPinned,
    /// State kept: a refused row or an unproven absence.
    Protect,
    /// Stays as it is until somebody decides.
    Ask,
    Archive,
}

macro_rules! rules {
    ($($id:ident),* $(,)?) => {
        /// The rules of the table, by their ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($id),* }

        impl Rule {
            /// Every rule, in the order in which they are tried.
            pub const ALL: &[Self] = &[$(Self::$id),*];

            /// The id that stands in history, reports and `explain`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$id => stringify!($id)),* }
            }
        }
    };
}

rules!(
    P01, P02, P03, P04, P05, P06, P07, P08, P09, P10, P11, P12, P13, P14, P15, P16, P17, P18, P19, P20, P21, P22, P23,
    P24, P25, P26, P27, P28, P29, P30, P31, P32,
);

/// What the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub rule: Rule,
    pub outcome: Outcome,
    pub class: Class,
    /// Outcome of a valid file row of this person; `-` where there is none to account for.
    pub row: &'static str,
}

/// Walks the table from the top; every possible combination matches (tested one by one).
pub fn decide(axes: Axes) -> Decision {
    let (rule, outcome, class, row) = match_rule(axes);
    Decision { rule, outcome, class, row }
}

fn match_rule(axes: Axes) -> (Rule, Outcome, Class, &'static str) {
    let Axes { sync, stored, pin, .. } = axes;
    match (sync, stored) {
        _ if pin == Pinned::Suspend => (Rule::P01, Outcome::Suspend, Class::None, "skipped:pinned"),
        (_, Stored::ArchivedAdmin) => (Rule::P02, Outcome::StayArchived, Class::None, "skipped:admin-archived"),
        (Sync::Live, Stored::New) => (Rule::P03, Outcome::Create, Class::Add, "skipped:covered"),
        (Sync::Live, Stored::ArchivedAuto) => (Rule::P04, Outcome::Restore, Class::Add, "skipped:covered"),
        (Sync::Live, Stored::ActiveSync) => (Rule::P05, Outcome::Update, Class::Update, "skipped:covered"),
        (Sync::Live, Stored::ActiveFile) => (Rule::P06, Outcome::Takeover, Class::Update, "skipped:covered"),
        (Sync::Live, Stored::ActiveLocal) => (Rule::P07, Outcome::Adopt, Class::Update, "skipped:covered"),
        (Sync::Unproven, _) => (Rule::P08, Outcome::Freeze, Class::None, "skipped:covered-stale"),
        (Sync::Inactive, _) => inactive_in_sync(stored, pin),
        (Sync::None | Sync::Released | Sync::Withdrawn, _) => by_file(axes),
    }
}

fn inactive_in_sync(stored: Stored, pin: Pinned) -> (Rule, Outcome, Class, &'static str) {
    match stored {
        Stored::New => (Rule::P09, Outcome::NotCreated, Class::None, "skipped:inactive-in-sync"),
        Stored::ActiveLocal => (Rule::P10, Outcome::Untouched, Class::None, "skipped:covered"),
        Stored::ArchivedAuto | Stored::ArchivedAdmin => {
            (Rule::P11, Outcome::StayArchived, Class::None, "skipped:inactive-in-sync")
        }
        _ if pin == Pinned::Keep => (Rule::P12, Outcome::KeepPinned, Class::None, "skipped:covered"),
        Stored::ActiveSync | Stored::ActiveFile => (Rule::P13, Outcome::Archive, Class::Remove, "skipped:covered"),
    }
}

fn by_file(axes: Axes) -> (Rule, Outcome, Class, &'static str) {
    match axes.file {
        File::Ok => vouched_by_file(axes),
        File::Rejected if axes.stored == Stored::New => (Rule::P23, Outcome::NotCreated, Class::None, "rejected"),
        File::Rejected => (Rule::P24, Outcome::Protect, Class::None, "rejected"),
        File::Unproven if axes.stored != Stored::New => (Rule::P25, Outcome::Protect, Class::None, "-"),
        File::Never | File::Inactive | File::Absent | File::Unproven => not_vouched(axes),
    }
}

fn vouched_by_file(axes: Axes) -> (Rule, Outcome, Class, &'static str) {
    match (axes.sync, axes.stored, axes.age) {
        (Sync::Withdrawn, stored, _) if stored.is_active() => {
            (Rule::P14, Outcome::Ask, Class::Hold, "held:withdrawn-in-sync")
        }
        (Sync::Withdrawn, _, _) => (Rule::P15, Outcome::Untouched, Class::None, "skipped:withdrawn-in-sync"),
        (_, Stored::New, _) => (Rule::P16, Outcome::Create, Class::Add, "created"),
        (_, Stored::ActiveFile, _) => (Rule::P17, Outcome::Update, Class::Update, "updated"),
        (_, Stored::ActiveLocal, _) => (Rule::P18, Outcome::Adopt, Class::Update, "updated"),
        (_, Stored::ArchivedAuto | Stored::ArchivedAdmin, Age::Fresh) => {
            (Rule::P19, Outcome::Restore, Class::Add, "restored")
        }
        (_, Stored::ArchivedAuto | Stored::ArchivedAdmin, Age::Old) => {
            (Rule::P20, Outcome::StayArchived, Class::None, "skipped:stale-file")
        }
        (_, Stored::ActiveSync, Age::Fresh) => (Rule::P21, Outcome::Handover, Class::Update, "updated"),
        (_, Stored::ActiveSync, Age::Old) => (Rule::P22, Outcome::Ask, Class::Hold, "held:stale-handover"),
    }
}

fn not_vouched(axes: Axes) -> (Rule, Outcome, Class, &'static str) {
    match (axes.stored, axes.file) {
        (Stored::New, _) => (Rule::P26, Outcome::NotCreated, Class::None, "skipped:inactive-not-created"),
        (Stored::ActiveLocal, _) => (Rule::P27, Outcome::Untouched, Class::None, "skipped:not-owned"),
        (Stored::ArchivedAuto | Stored::ArchivedAdmin, _) => {
            (Rule::P28, Outcome::StayArchived, Class::None, "unchanged")
        }
        _ if axes.pin == Pinned::Keep => (Rule::P29, Outcome::KeepPinned, Class::None, "skipped:pinned"),
        (_, File::Inactive) => (Rule::P30, Outcome::Archive, Class::Remove, "deactivated"),
        (_, File::Absent) => (Rule::P31, Outcome::Archive, Class::Remove, "-"),
        _ => (Rule::P32, Outcome::Archive, Class::Remove, "-"),
    }
}
