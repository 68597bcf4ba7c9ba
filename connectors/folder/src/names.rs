//! Names as senders give them: how they are shown, and which ones are not final yet.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Names that programs give to what they are still working on. All in lower case; `*` stands for
/// any run of characters. A leading dot covers what lftp, rsync, NFS, FUSE, GNOME and macOS use.
const TEMPORARY: &[&str] = &[
    ".*",
    "*~",
    "#*#",
    "~$*",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.tmp",
    "*.temp",
    "*.uploading",
    "*.upload",
    "*.incomplete",
    "*.crdownload",
    "*.swp",
    "*.lock",
    "thumbs.db",
    "desktop.ini",
];

/// Whether `name` is one under which a file is never complete, or never a roster; case is ignored.
pub fn is_temporary(name: &str) -> bool {
    let name = name.to_lowercase();
    TEMPORARY.iter().any(|pattern| matches(pattern, &name))
}

/// The same with patterns of the source's own: `*` stands for any run of characters.
pub(crate) fn is_temporary_here(name: &str, extra: &[String]) -> bool {
    let lower = name.to_lowercase();
    is_temporary(name) || extra.iter().any(|pattern| matches(&pattern.to_lowercase(), &lower))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|left| ends(rest, left)),
    }
}

/// Matches a pattern before which anything may stand. The leftmost place for each part is enough:
/// what comes later can only gain room by it.
fn ends(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => name.ends_with(pattern),
        Some((part, rest)) => name.split_once(part).is_some_and(|(_, left)| ends(rest, left)),
    }
}

/// A name as text: unchanged where it is UTF-8, else with each stray byte as `\xE9`.
///
/// Good for showing and for matching patterns; to reach the file use its path.
pub(crate) fn shown(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_final() {
        let temporary = [
            ".hidden.csv",
            "students.csv~",
            "#students.csv#",
            "students.csv.part",
            "students.csv.a1b2.partial",
            "students.csv.filepart",
            "students.tmp",
            "students.csv(1234).tmp",
            "students.temp",
            "s.csv.uploading",
            "s.csv.upload",
            "s.csv.incomplete",
            "s.csv.crdownload",
            ".students.csv.swp",
            "students.csv.swp",
            "students.csv.lock",
            ".in.students.csv",
            ".nfs000000000001",
            ".fuse_hidden0001",
            ".goutputstream-X1Y2",
            "~$students.csv",
            ".~lock.students.csv#",
            ".DS_Store",
            "Thumbs.db",
            "THUMBS.DB",
            "desktop.ini",
            "._students.csv",
            "STUDENTS.CSV.PART",
            "Students.Tmp",
        ];
        for name in temporary {
            assert!(is_temporary(name), "{name} should be temporary");
        }
    }

    #[test]
    fn names_that_are_final() {
        let final_names = [
            "students.csv",
            "students.tmp.csv",
            "part.csv",
            "partial",
            "tmp",
            "students#1.csv",
            "#1 students.csv",
            "a~b.csv",
            "upload.csv",
            "lock",
            "thumbs.db.csv",
            "$~.csv",
            "students.csv.parts",
            "",
            "#",
        ];
        for name in final_names {
            assert!(!is_temporary(name), "{name} should be final");
        }
    }

    #[test]
    fn a_source_may_add_patterns() {
        let extra = vec!["DRAFT-*".to_owned(), "*_old*.csv".to_owned(), "exact.txt".to_owned()];
        for name in ["draft-students.csv", "a_OLD.csv", "a_old_b_old.csv", "Exact.TXT", "x.part"] {
            assert!(is_temporary_here(name, &extra), "{name}");
        }
        for name in ["students-draft-.csv", "a_old.txt", "exact.txt.csv", "old.csv"] {
            assert!(!is_temporary_here(name, &extra), "{name}");
        }
    }

    #[test]
    fn a_pattern_does_not_use_one_character_twice() {
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("ab*ba", "abba"));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*b*c", "a-c-b"));
        assert!(matches("*", ""));
    }

    #[test]
    fn odd_bytes_are_shown_and_text_is_left_alone() {
        assert_eq!(shown(OsStr::new("élèves\n.csv")), "élèves\n.csv");
        assert_eq!(shown(OsStr::from_bytes(b"\xE9l\xFF\xFEves.csv")), "\\xE9l\\xFF\\xFEves.csv");
        assert_eq!(shown(OsStr::from_bytes(b"cut\xC3")), "cut\\xC3");
    }
}
