//! What a file looked like, to the nanosecond.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

const NANOS: i64 = 1_000_000_000;

/// What a file looked like when it was seen or taken.
///
/// Two equal stamps of one name mean: the same file, untouched. Times are those of the file system
/// that holds the file, in nanoseconds since 1970; stamps are compared with stamps only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Stamp {
    pub device: u64,
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of the content; a sender can set it to anything.
    pub mtime_ns: i64,
    /// Last change of content, name, owner or times; nobody can set it.
    pub ctime_ns: i64,
}

impl Stamp {
    /// The last time anybody touched the file, as far as the stamp can tell.
    pub(crate) fn touched_ns(&self) -> i64 {
        self.mtime_ns.max(self.ctime_ns)
    }
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            mtime_ns: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime_ns: nanos(meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// Saturates beyond the year 2262 or before 1677, which some file systems can be told to store.
fn nanos(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(NANOS).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_times_do_not_overflow() {
        assert_eq!(nanos(1, 5), 1_000_000_005);
        assert_eq!(nanos(-1, 5), -999_999_995);
        assert_eq!(nanos(i64::MAX, 999_999_999), i64::MAX);
        assert_eq!(nanos(i64::MIN, 0), i64::MIN);
    }

    #[test]
    fn the_last_touch_is_the_later_of_both_times() {
        let stamp = Stamp { device: 1, inode: 2, size: 3, mtime_ns: 10, ctime_ns: 20 };
        assert_eq!(stamp.touched_ns(), 20, "a copy that kept its old date was still made just now");
        assert_eq!(Stamp { mtime_ns: 30, ..stamp }.touched_ns(), 30);
    }
}
