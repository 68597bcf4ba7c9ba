//! What must be true across the districts' files.

use std::fs;

use super::Folder;

#[test]
fn two_districts_of_one_name() {
    let text = "[district]\nname = 'D'\nid = 'd'\n";
    let (said, _) = Folder::new("", &[("a.toml", text), ("b.toml", text)]).complaint(&[]);
    assert_eq!(said, "…/districts.d/b.toml:3: district `d` is configured twice: here and in `…/districts.d/a.toml`");
}

/// Two districts with one folder source each, `path` and `results` as given.
fn neighbours(one: (&str, &str), other: (&str, &str)) -> Folder {
    let file = |id: &str, (path, results): (&str, &str)| {
        format!(
            "[district]\nid = '{id}'\n[[sources]]\nid = 's-{id}'\nkind = 'folder'\npath = '{path}'\nresults = '{results}'\n"
        )
    };
    Folder::new("", &[("a.toml", &file("a", one)), ("b.toml", &file("b", other))])
}

#[test]
fn folders_that_would_mix() {
    for (one, other, does) in [
        (("in", "ra"), ("in", "rb"), "reads the same folder as"),
        (("in", "ra"), ("x/../in/", "rb"), "reads the same folder as"),
        (("a", "out"), ("b", "out"), "writes its results into the same folder as"),
        (("a", "ra"), ("b", "a"), "writes its results into the folder that is read by"),
        (("a", "b"), ("b", "rb"), "reads the folder that holds the results of"),
    ] {
        let (said, hint) = neighbours(one, other).complaint(&[]);
        let words =
            format!("…/districts.d/b.toml:3: source `s-b` {does} source `s-a` (`…/districts.d/a.toml`, line 3)");
        assert_eq!(said, words);
        assert_eq!(hint.as_deref(), Some("give each source a folder of its own"));
    }
    assert!(neighbours(("a", "ra"), ("a/b", "rb")).load(&[]).is_ok(), "one inside the other is two folders");
}

#[test]
#[cfg(unix)]
fn a_link_is_the_folder_it_leads_to() {
    let folder = neighbours(("real", "ra"), ("link", "rb"));
    assert!(folder.load(&[]).is_ok());
    fs::create_dir(folder.path().join("real")).unwrap();
    std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
    let (said, _) = folder.complaint(&[]);
    assert!(said.contains("`s-b` reads the same folder as source `s-a`"), "{said}");
}
