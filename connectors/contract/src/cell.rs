//! A missing column, an empty cell and a value are three different statements.

/// What a delivery says in one place of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cell<T> {
    /// The file has no such column: nothing is asserted (A12).
    #[default]
    Absent,
    /// The column is there and the cell is empty: nothing is asserted unless the source says that
    /// a blank clears, or the format gives a blank a meaning (A11).
    Blank,
    /// A value, trimmed and in NFC.
    Value(T),
}

impl<T> Cell<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Blank => None,
        }
    }

    /// Borrows the value.
    pub const fn as_ref(&self) -> Cell<&T> {
        match self {
            Self::Absent => Cell::Absent,
            Self::Blank => Cell::Blank,
            Self::Value(value) => Cell::Value(value),
        }
    }

    /// Transforms the value, keeping absence and blankness apart.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Cell<U> {
        match self {
            Self::Absent => Cell::Absent,
            Self::Blank => Cell::Blank,
            Self::Value(value) => Cell::Value(change(value)),
        }
    }

    /// Is the column there and the cell empty?
    pub const fn is_blank(&self) -> bool {
        matches!(self, Self::Blank)
    }
}
