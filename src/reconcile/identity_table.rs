//! The identity decision table K01 to K31 (design section 6). First match wins; total over its
//! axes. K00 (groups of rows) is decided before.

use super::names::NameMatch;

/// The row's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    None,
    Ok,
    /// The link says A, but the number belongs to somebody else in this role-class.
    ContradictsNumber,
}

/// The row's number (or its link, where it has one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number {
    Blank,
    Unknown,
    OfActive,
    OfArchived,
}

/// The row's e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Email {
    Blank,
    Free,
    OfA,
    AliasOfA,
    AliasOfX,
    OfActiveB,
    OfArchivedB,
}

/// What happens to the e-mail's other holder in this plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    Keeps,
    Releases,
    Leaving,
}

/// One combination of the axes. Axes without meaning (B's without a B) are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Axes {
    pub link: Link,
    pub number: Number,
    /// Row against A.
    pub witness: bool,
    pub email: Email,
    /// Row against A, else against B or X.
    pub name: NameMatch,
    /// B (or X) holds another number in this role-class.
    pub b_has_number: bool,
    /// B's number is, or was until this delivery, claimed by this feed.
    pub b_claimed: bool,
    pub fate: Fate,
    pub b_by_hand: bool,
    /// Witness of a row without number against B or X.
    pub by_mail: bool,
    /// K13: one stored number equals this one but for zeros, blanks and punctuation.
    pub damaged: bool,
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
    K00, K01, K02, K03, K04, K05, K06, K07, K08, K09, K10, K11, K12, K13, K14, K15, K16, K17, K18, K19, K20, K21, K22,
    K23, K24, K25, K26, K27, K28, K29, K30, K31,
);

/// What becomes of the row's e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmailMove {
    /// The person's address is not touched by identity (blank, own, or own alias).
    Keep,
    /// Taken: free, an ended alias, or closed on an archived holder.
    Take,
    /// Moves inside one permutation.
    Move,
    /// Moves when the holder's removal is applied.
    Depends,
    /// `email-in-use`: dropped with a warning (where e-mail is required the row is rejected).
    InUse,
}

/// Whose row this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// The person of link or number; archived ones are brought back as the presence table says.
    A,
    /// The e-mail's holder, or the one whose alias it is.
    B,
    Create,
    Reject(&'static str),
    /// Waits for a person; everyone involved is protected.
    Review(&'static str),
}

/// What the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub rule: Rule,
    pub who: Who,
    pub email: EmailMove,
}

const fn say(rule: Rule, who: Who, email: EmailMove) -> Decision {
    Decision { rule, who, email }
}

/// Walks the table from the top.
pub fn decide(axes: Axes) -> Decision {
    match axes.number {
        _ if axes.link == Link::ContradictsNumber => say(Rule::K01, Who::Review("number-clash"), EmailMove::Keep),
        Number::OfActive | Number::OfArchived if !axes.witness => {
            let kind = if axes.link == Link::Ok { "number-reused" } else { "number-clash" };
            say(Rule::K02, Who::Review(kind), EmailMove::Keep)
        }
        Number::OfActive => active_a(axes),
        Number::OfArchived => archived_a(axes),
        Number::Unknown => unknown_number(axes),
        Number::Blank => no_number(axes),
    }
}

fn active_a(axes: Axes) -> Decision {
    match (axes.email, axes.fate) {
        (Email::Blank | Email::OfA | Email::AliasOfA, _) => say(Rule::K04, Who::A, EmailMove::Keep),
        (Email::Free | Email::AliasOfX, _) => say(Rule::K04, Who::A, EmailMove::Take),
        (Email::OfArchivedB, _) => say(Rule::K05, Who::A, EmailMove::Take),
        (Email::OfActiveB, Fate::Releases) => say(Rule::K06, Who::A, EmailMove::Move),
        (Email::OfActiveB, Fate::Leaving) => say(Rule::K07, Who::A, EmailMove::Depends),
        (Email::OfActiveB, Fate::Keeps) => say(Rule::K08, Who::A, EmailMove::InUse),
    }
}

fn archived_a(axes: Axes) -> Decision {
    if axes.name != NameMatch::Same {
        return say(Rule::K12, Who::Review("renamed-while-away"), EmailMove::Keep);
    }
    match (axes.email, axes.fate) {
        (Email::Blank | Email::OfA | Email::AliasOfA, _) => say(Rule::K09, Who::A, EmailMove::Keep),
        (Email::Free | Email::AliasOfX | Email::OfArchivedB, _) => say(Rule::K09, Who::A, EmailMove::Take),
        (Email::OfActiveB, Fate::Releases) => say(Rule::K10, Who::A, EmailMove::Move),
        (Email::OfActiveB, Fate::Leaving) => say(Rule::K10, Who::A, EmailMove::Depends),
        (Email::OfActiveB, Fate::Keeps) => say(Rule::K11, Who::A, EmailMove::InUse),
    }
}

fn unknown_number(axes: Axes) -> Decision {
    let same = axes.name == NameMatch::Same;
    match (axes.email, axes.fate) {
        _ if axes.damaged => say(Rule::K13, Who::Reject("number-damaged"), EmailMove::Keep),
        (Email::Blank, _) => say(Rule::K14, Who::Create, EmailMove::Keep),
        (Email::AliasOfX | Email::AliasOfA, _) if same && axes.b_has_number => {
            say(Rule::K15, Who::Review("alias-with-other-number"), EmailMove::Keep)
        }
        (Email::AliasOfX | Email::AliasOfA, _) if same => say(Rule::K15, Who::B, EmailMove::Keep),
        (Email::Free | Email::OfA | Email::AliasOfA | Email::AliasOfX, _) => {
            say(Rule::K14, Who::Create, EmailMove::Take)
        }
        (Email::OfActiveB, Fate::Releases) => say(Rule::K16, Who::Create, EmailMove::Move),
        (Email::OfActiveB, fate) => unknown_number_of_b(axes, same, fate),
        (Email::OfArchivedB, _) if same && !axes.b_has_number => say(Rule::K23, Who::B, EmailMove::Keep),
        (Email::OfArchivedB, _) if same && axes.b_by_hand => {
            say(Rule::K24, Who::Review("returning-suspected"), EmailMove::Keep)
        }
        (Email::OfArchivedB, _) => say(Rule::K24, Who::Create, EmailMove::Take),
    }
}

fn unknown_number_of_b(axes: Axes, same: bool, fate: Fate) -> Decision {
    match (same, axes.b_has_number, fate) {
        (true, false, _) => say(Rule::K17, Who::B, EmailMove::Keep),
        (false, false, Fate::Keeps) => say(Rule::K18, Who::Review("shared-address"), EmailMove::Keep),
        (true, true, _) if !axes.b_claimed => say(Rule::K19, Who::B, EmailMove::Keep),
        (true, true, _) => say(Rule::K20, Who::Review("re-key-suspected"), EmailMove::Keep),
        (false, _, Fate::Leaving) => say(Rule::K21, Who::Create, EmailMove::Depends),
        (false, ..) => say(Rule::K22, Who::Create, EmailMove::InUse),
    }
}

fn no_number(axes: Axes) -> Decision {
    let same = axes.name == NameMatch::Same;
    match (axes.email, axes.fate) {
        (Email::Blank, _) => say(Rule::K03, Who::Reject("no-identity-key"), EmailMove::Keep),
        (Email::AliasOfX | Email::AliasOfA, _) if axes.by_mail => say(Rule::K26, Who::B, EmailMove::Keep),
        (Email::Free | Email::OfA | Email::AliasOfA | Email::AliasOfX, _) => {
            say(Rule::K25, Who::Create, EmailMove::Take)
        }
        (Email::OfActiveB, Fate::Releases) => say(Rule::K27, Who::Create, EmailMove::Move),
        (Email::OfActiveB, _) if axes.by_mail => say(Rule::K28, Who::B, EmailMove::Keep),
        (Email::OfActiveB, _) => say(Rule::K29, Who::Review("shared-address"), EmailMove::Keep),
        (Email::OfArchivedB, _) if same => say(Rule::K30, Who::B, EmailMove::Keep),
        (Email::OfArchivedB, _) => say(Rule::K31, Who::Review("address-reused-or-renamed"), EmailMove::Keep),
    }
}
