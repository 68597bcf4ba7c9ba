use std::io::Cursor;

use super::*;

const HEADER: &str = "firstname,lastname,email,role,gradyear,status,idnumber\n";

fn open(bytes: &[u8]) -> Result<Table<Cursor<Vec<u8>>>, TableError> {
    Table::open(Cursor::new(bytes.to_vec()), &OpenOptions { format: None, name: "users.csv" })
}

/// Line, cells and damage of a row.
type Seen = (u64, Vec<String>, Option<Damage>);

/// Every row below the Pass header, and how the file ended.
fn rows(body: &str) -> (Vec<Seen>, Ending) {
    let (rows, ending, _) = read(format!("{HEADER}{body}").as_bytes());
    (rows, ending)
}

/// Every row, how the file ended, and how many lines were passed over.
fn read(bytes: &[u8]) -> (Vec<Seen>, Ending, u64) {
    let mut table = open(bytes).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = table.next().unwrap() {
        let cells = row.delivered().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        rows.push((row.line(), cells, row.damage().map(|damage| damage.0)));
    }
    (rows, table.ending(), table.ignored_lines())
}

fn error(bytes: &[u8]) -> TableError {
    open(bytes).err().unwrap()
}

fn lines(body: &str) -> Vec<u64> {
    rows(body).0.iter().map(|row| row.0).collect()
}

#[test]
fn lines_are_counted_as_an_editor_shows_them() {
    let row = "A,B,a@x.org,student,,1,7";
    assert_eq!(lines(&format!("{row}\n{row}\r\n{row}\r{row}")), [2, 3, 4, 5]);
    assert_eq!(lines(&format!("\n\r\n\r{row}\n\n{row}")), [5, 7]);
    // Line breaks inside quotes are lines too.
    let broken = "\"A\nA\r\nA\rA\",B,a@x.org,student,,1,7";
    let (found, _) = rows(&format!("{broken}\n{row}\n"));
    assert_eq!((found[0].0, found[0].2, found[1].0, found[1].2), (2, Some(Damage::LineBreak), 6, None));
}

#[test]
fn every_line_end_gives_the_same_rows() {
    let text = format!("{HEADER}A,B,a@x.org,student,,1,7\n,,,,,,\nC,D,c@x.org,student,,1,8\n");
    let (expected, ..) = read(text.as_bytes());
    assert_eq!(expected.len(), 2);
    for end in ["\r\n", "\r"] {
        let (found, ending, ignored) = read(text.replace('\n', end).as_bytes());
        assert_eq!((found, ending.final_newline, ignored), (expected.clone(), true, 1));
    }
}

#[test]
fn quotes() {
    for (cells, damage) in [
        ("\"A\",B", None),
        ("\"A\" ,B", None), // blanks after the closing quote are no text
        ("\"A\"x,B", Some(Damage::TextAfterQuote)),
        ("\"A\" x,B", Some(Damage::TextAfterQuote)),
        ("\"A\" \"x\",B", Some(Damage::TextAfterQuote)),
        ("A\"A\"A,B", None), // inside a cell a quote is a letter
    ] {
        let (found, _) = rows(&format!("{cells},a@x.org,student,,1,7\nC,D,c@x.org,student,,1,8\n"));
        assert_eq!((found.len(), found[0].2, found[1].0), (2, damage, 3), "{cells}");
    }
    let (found, _) = rows("\"A, \"\"B\"\"\",\"\",\"\"\"\",x,,\"1\",\"7\"\n");
    assert_eq!(found[0].1, ["A, \"B\"", "", "\"", "x", "", "1", "7"]);
}

#[test]
fn blank_lines_are_passed_over_and_counted() {
    let row = "A,B,a@x.org,student,,1,7\n";
    let (found, _, ignored) = read(format!("{HEADER}\n{row},,,,,,\n  , ,,,,,\n\"\",\"\"\n\r\n{row}\u{1a}").as_bytes());
    assert_eq!((found.len(), ignored), (2, 6));
    // More delimiters than the header has are no blank line.
    let (found, _, ignored) = read(format!("{HEADER}{row},,,,,,,\n").as_bytes());
    assert_eq!((found.len(), ignored), (2, 0));
}

#[test]
fn a_header_that_ends_in_empty_cells() {
    let header = HEADER.trim_end();
    let (found, ..) =
        read(format!("{header},,\nA,B,a@x.org,student,,1,7,,\nA,B,a@x.org,student,,1,7\n,,,,,,,,\n").as_bytes());
    assert_eq!(found.len(), 2);
    let mut table = open(format!("{header},,\nA,B,a@x.org,student,,1,7\n").as_bytes()).unwrap();
    assert_eq!(table.headers().len(), 7);
    assert!(!table.next().unwrap().unwrap().is_damaged());
}

#[test]
fn short_and_long_rows_are_damaged_and_blank_extras_are_not() {
    for (row, damaged) in [
        ("A,B,a@x.org,student,,1,7", false),
        ("A,B,a@x.org,student,,1,7,,", false),
        ("A,B,a@x.org,student,,1,7,,x", true),
        ("A,B,a@x.org,student,,1", true),
    ] {
        let mut table = open(format!("{HEADER}{row}\n").as_bytes()).unwrap();
        assert_eq!(table.next().unwrap().unwrap().is_damaged(), damaged, "{row}");
    }
}

#[test]
fn endings() {
    let whole = "A,B,a@x.org,student,,1,7";
    let ending = |body: &str| rows(body).1;
    assert_eq!(
        ending(&format!("{whole}\n{whole}\n\n")),
        Ending { final_newline: true, last_line: 3, ..Ending::default() }
    );
    assert_eq!(ending(whole), Ending { last_line: 2, ..Ending::default() });
    assert!(ending(whole).cut().is_none());
    let short = ending(&format!("{whole}\nA,B,a@x"));
    assert_eq!(short, Ending { last_record_short: true, last_line: 3, ..Ending::default() });
    assert_eq!(short.cut().unwrap().line, 3);
    let open = ending(&format!("{whole}\n\"A,B\n{whole}\n{whole}\n"));
    assert_eq!((open.open_quote, open.cut().unwrap().line), (Some(3), 3));
    let mut cut = format!("{HEADER}{whole}\nZo\u{eb}").into_bytes();
    cut.pop();
    let (_, ending, _) = read(&cut);
    assert!(ending.mid_character && ending.cut().unwrap().message.contains("character"));
    // The same byte in the middle of a file is only a bad row.
    cut.extend_from_slice(format!(",B,a@x.org,student,,1,7\n{whole}\n").as_bytes());
    let (found, ending, _) = read(&cut);
    assert_eq!((found[1].2, ending.cut()), (Some(Damage::BadEncoding), None));
}

#[test]
fn a_file_may_end_in_a_short_line_that_is_whole() {
    let (_, ending) = rows("A,B,a@x.org,student,,1,7\n(1 rows affected)\n");
    assert!(ending.final_newline && ending.last_record_short && ending.cut().is_some());
}

#[test]
fn delimiters() {
    for delimiter in ["\t", ";", "|"] {
        let text = format!("{HEADER}Ola,Berg,\"a{delimiter}b\",student,,1,7\n").replace(',', delimiter);
        let (found, ..) = read(text.as_bytes());
        assert_eq!(found[0].1.len(), 7, "{delimiter:?}");
        assert_eq!(found[0].1[2], format!("a{delimiter}b"));
        // Inside a cell a tab is a control character, whatever parts the cells.
        assert_eq!(found[0].2, (delimiter == "\t").then_some(Damage::Character('\t')));
    }
    let tabbed = format!("{HEADER}A,B,a@x.org,student,,1,7\n").replace(',', "\t");
    assert!(!open(tabbed.as_bytes()).unwrap().next().unwrap().unwrap().is_damaged());
}

#[test]
fn characters_without_business_in_a_roster() {
    for (cell, damage) in [
        ("An\u{7}n", Some(Damage::Character('\u{7}'))),
        ("An\tn", Some(Damage::Character('\t'))),
        ("An\0n", Some(Damage::Character('\0'))),
        ("An\u{85}n", Some(Damage::Character('\u{85}'))),
        ("An\u{202e}n", Some(Damage::Character('\u{202e}'))),
        ("An\u{200b}n", Some(Damage::Character('\u{200b}'))),
        ("\tAnn\t", None), // blanks at the ends are trimmed
        ("Zo\u{eb}", None),
        ("Th\u{e9}r\u{e8}se \u{2013} \u{4e2d}", None),
    ] {
        let (found, _) = rows(&format!("{cell},B,a@x.org,student,,1,7\n"));
        assert_eq!(found[0].2, damage, "{cell:?}");
    }
}

#[test]
fn a_character_is_never_put_together_from_two_cells() {
    let bytes = [HEADER.as_bytes(), b"A\xc3,\xabB,a@x.org,student,,1,7\n"].concat();
    let mut table = open(&bytes).unwrap();
    assert_eq!(table.next().unwrap().unwrap().damage(), Some((Damage::BadEncoding, 0)));
}

#[test]
fn encodings() {
    let text = format!("{HEADER}Zo\u{eb},\u{d1}u,a@x.org,student,,1,7\n");
    let wide = |unit: fn(u16) -> [u8; 2]| format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let (expected, ..) = read(text.as_bytes());
    assert_eq!(expected[0].1[0], "Zo\u{eb}");
    for bytes in [format!("\u{feff}{text}").into_bytes(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        assert_eq!(read(&bytes).0, expected);
        assert!(open(&bytes).unwrap().encoding_note().is_none());
    }
    let narrow = [HEADER.as_bytes(), &b"Zo\xeb,\xd1u,a@x.org,student,,1,7\n".repeat(3)].concat();
    assert_eq!(read(&narrow).0[2].1, expected[0].1);
    assert_eq!(&*open(&narrow).unwrap().encoding_note().unwrap().code, "windows-1252");
    let mut cut = wide(u16::to_le_bytes);
    cut.truncate(cut.len() - 3); // half of the last digit's unit
    assert!(read(&cut).1.mid_character);
}

#[test]
fn headers_that_are_understood() {
    for header in [
        "FirstName,LASTNAME,Email,Role,GradYear,Status,IDNumber",
        " firstname , lastname,email ,role,gradyear,status,idnumber",
        "\"firstname\",\"lastname\",\"email\",\"role\",\"gradyear\",\"status\",\"idnumber\"",
        "\u{feff}\u{feff}firstname,last\u{200b}name,email,role,gradyear,status,idnumber",
        "firstname\u{a0},lastname,email,role,gradyear,status,idnumber",
        "firstname,lastname,email,role,status",
        "\n\nfirstname,lastname,email,role,status",
        "ｆirstname,lastname,email,role,status",
    ] {
        let table = open(format!("{header}\nA,B,a@x.org,student,1,,7\n").as_bytes()).unwrap();
        assert_eq!(table.format().id, "securly-pass", "{header}");
        assert!(table.notes().is_empty(), "{header}: {:?}", table.notes());
    }
}

#[test]
fn remarks_about_a_header() {
    let notes = |header: &str| -> Vec<String> {
        let table = open(format!("{header}\n").as_bytes()).unwrap();
        table.notes().iter().map(|note| format!("{}:{}:{}", note.code, note.severity.as_str(), note.column)).collect()
    };
    assert_eq!(notes("lastname,firstname,email,role,status"), ["column-order:note:"]);
    assert_eq!(notes("firstname,lastname,email,role,status,Homeroom"), ["extra-column:note:Homeroom"]);
    assert_eq!(notes("firstname,lastname,email,role,status,ID Number"), ["column-misspelt:warning:ID Number"]);
    assert_eq!(notes("firstname,lastname,email,role,status,idnumber,Id Numbers"), ["extra-column:note:Id Numbers"]);
    assert_eq!(notes("firstname,,lastname,email,role,status"), ["extra-column:note:"]);
    assert_eq!(notes("firstname,lastname,email,role,status,_fix_of,error,guid,outcome"), Vec::<String>::new());
    let many: String = (0..40).map(|n| format!(",x{n}")).collect();
    assert_eq!(notes(&format!("firstname,lastname,email,role,status{many}")).len(), 21);
}

#[test]
fn headers_that_are_refused() {
    let pass = "firstname,lastname,email,role,gradyear,status,idnumber";
    let wide: String = (0..600).map(|n| format!(",c{n}")).collect();
    for (text, code, words) in [
        (String::new(), "empty", "empty"),
        ("\n\n \r\n".to_owned(), "empty", "empty"),
        ("\u{feff}".to_owned(), "empty", "empty"),
        (",,,\n,,\n".to_owned(), "empty", "empty"),
        ("a,b,c\n1,2,3\n".to_owned(), "unknown-header", "`firstname`"),
        (
            "first name,last name,e-mail,type,state\n".to_owned(),
            "unknown-header",
            "`firstname` (there is `first name`)",
        ),
        (pass.replace("email", "e-mail"), "missing-header", "`email` (there is `e-mail`)"),
        (pass.replace(",role", ""), "missing-header", "`role`"),
        ("Ann,Berg,ann@x.org,student,2029,1,7\n".to_owned(), "unknown-header", "line 1 seems to be a person"),
        ("Ann,Ann,ann@x.org,student,2029,1,7\n".to_owned(), "unknown-header", "line 1 seems to be a person"),
        (pass.replace("gradyear", "status"), "double-header", "columns 5 and 6"),
        (format!("{pass},Email"), "double-header", "columns 3 and 8"),
        (format!("{pass},notes,Notes"), "double-header", "columns 8 and 9"),
        (format!("{pass}{wide}"), "too-many-columns", "607 columns; at most 512"),
        (format!("{pass},username"), "rival-header", "`username`"),
        (format!("Springfield\nAll users\n{pass}\n"), "header-below", "line 3"),
        (format!("Springfield\n\n\n\"All\nusers\"\n{}\n", pass.replace(',', ";")), "header-below", "line 6"),
        ("\"firstname,lastname\nA,B\n".to_owned(), "open-quote", "never closes"),
        ("School_id,Student_id,Last_name,First_name\n".to_owned(), "wrong-template", "a Clever students file"),
        (
            "Parent First Name,Parent Last Name,Parent Email,Student First Name,Student Last Name,Student Email\n"
                .to_owned(),
            "wrong-template",
            "another Securly product",
        ),
    ] {
        let error = error(text.as_bytes());
        assert_eq!(error.code(), code, "{text:?}: {error}");
        assert!(error.to_string().contains(words), "{text:?}: {error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn trailing_delimiters_do_not_make_a_header_wide() {
    let header = format!("{}{}", HEADER.trim_end(), ",".repeat(2000));
    assert_eq!(open(header.as_bytes()).unwrap().headers().len(), 7);
}

#[test]
fn a_source_that_is_bound_to_a_format() {
    let bound = |text: &str| {
        let options = OpenOptions { format: crate::format("securly-pass"), name: "x" };
        Table::open(Cursor::new(text.as_bytes().to_vec()), &options).map(|table| table.format().id)
    };
    assert_eq!(bound(HEADER).unwrap(), "securly-pass");
    assert_eq!(bound("firstname,lastname,email,role,status,username\n").unwrap(), "securly-pass");
    let error = bound("School_id,Student_id,Last_name,First_name\n").unwrap_err();
    assert_eq!(error.code(), "wrong-template");
    assert!(error.to_string().contains("Clever students") && error.to_string().contains("Securly Pass"), "{error}");
    assert_eq!(bound("firstname,lastname,role,status\n").unwrap_err().code(), "missing-header");
    assert_eq!(bound("username,firstname,lastname\n").unwrap_err().code(), "wrong-template");
}

#[test]
fn the_guard_comes_off_only_in_files_of_ours() {
    let first = |text: String| {
        let mut table = open(text.as_bytes()).unwrap();
        let row = table.next().unwrap().unwrap();
        let cell = row.cell(0).unwrap().to_vec();
        assert_eq!(Some(&cell[..]), row.delivered().next());
        String::from_utf8(cell).unwrap()
    };
    let header = HEADER.trim_end();
    let row = "'=A,B,a@x.org,student,,1,7";
    assert_eq!(first(format!("{header}\n{row}\n")), "'=A");
    assert_eq!(first(format!("{header},_fix_of,error\n{row},r:2,x\n")), "=A");
    assert_eq!(first(format!("{header},guid,outcome\n{row},g,created\n")), "=A");
    assert_eq!(first(format!("{header},guid\n{row},g\n")), "'=A");
    assert_eq!(first(format!("{header}\r\n{row}\n")), "=A");
    assert_eq!(first(format!("{header}\r\n{row}\r\n")), "'=A");
}

#[test]
fn corrections_are_told() {
    let mut table =
        open(b"firstname,lastname,email,role,status,_fix_of\nA,B,a@x.org,student,1,r:2\nC,D,c@x.org,student,1, \n")
            .unwrap();
    assert!(table.fix_of_column());
    assert_eq!(table.next().unwrap().unwrap().fix_of(), Some("r:2"));
    assert_eq!(table.next().unwrap().unwrap().fix_of(), None);
}

#[test]
fn cells_by_column_of_the_format() {
    let mut table = open(b"status,email,role,lastname,firstname,notes\n1,a@x.org,student,B,,x\n").unwrap();
    let row = table.next().unwrap().unwrap();
    assert_eq!(row.cell(0), Some(&b""[..]));
    assert_eq!(row.cell(1), Some(&b"B"[..]));
    assert_eq!(row.cell(2), Some(&b"a@x.org"[..]));
    assert_eq!((row.cell(4), row.cell(6), row.cell(99)), (None, None, None));
    assert_eq!(row.delivered().count(), 6);
}

/// Fingerprint, number and e-mail hash of the only row.
fn marks(text: &str) -> ([u8; 16], Option<u64>, Option<u64>) {
    let mut table = open(text.as_bytes()).unwrap();
    let row = table.next().unwrap().unwrap();
    (row.fingerprint(1), row.number_hash(), row.email_hash())
}

#[test]
fn fingerprints_see_what_a_row_says_and_nothing_else() {
    let plain = marks(&format!("{HEADER}A,B,a@x.org,student,,1,7\n"));
    for same in [
        format!("{HEADER}\"A\",\"B\",\"a@x.org\",\"student\",\"\",\"1\",\"7\""),
        HEADER.replace(',', ";") + "A;B;a@x.org;student;;1;7\r\n",
        "idnumber,status,notes,gradyear,role,email,lastname,firstname\n7,1,hm,,student,a@x.org,B,A\n".to_owned(),
        format!("{HEADER}A,B,a@x.org,student,,1,7,,,\n"),
    ] {
        assert_eq!(marks(&same), plain, "{same}");
    }
    for other in [
        format!("{HEADER}A,B,a@x.org,student,,1,8\n"),
        format!("{HEADER}AB,,a@x.org,student,,1,7\n"),
        format!("{HEADER}a,B,a@x.org,student,,1,7\n"),
        format!("{HEADER}A,B,a@x.org,student,,1,7,x\n"),
        format!("{HEADER}\"A\"x,B,a@x.org,student,,1,7\n"),
        "firstname,lastname,email,role,status,idnumber\nA,B,a@x.org,student,1,7\n".to_owned(), // absent is not blank
    ] {
        assert_ne!(marks(&other).0, plain.0, "{other}");
    }
    let mut table = open(format!("{HEADER}A,B,a@x.org,student,,1,7\n").as_bytes()).unwrap();
    assert_ne!(table.next().unwrap().unwrap().fingerprint(2), plain.0);
}

#[test]
fn long_rows_have_fingerprints_too() {
    let row = |last: char| format!("{HEADER}{}{last},B,a@x.org,student,,1,7\n", "x".repeat(300));
    assert_eq!(marks(&row('a')), marks(&row('a')));
    assert_ne!(marks(&row('a')).0, marks(&row('b')).0);
}

#[test]
fn key_hashes_are_those_of_the_tidied_key() {
    let plain = marks(&format!("{HEADER}A,B,zo\u{eb}@x.org,student,,1,0012\n"));
    let same = marks(&format!("{HEADER}A,B, Zoe\u{308}@X.org ,student,,1,\"=\"\"0012\"\"\"\n"));
    assert_eq!((plain.1, plain.2), (same.1, same.2));
    let ascii = marks(&format!("{HEADER}A,B,a@x.org,student,,1,0012\n"));
    assert_eq!(ascii.2, marks(&format!("{HEADER}\u{c9},B, A@x.ORG,student,,1,12\n")).2);
    assert_ne!(ascii.1, marks(&format!("{HEADER}A,B,a@x.org,student,,1,12\n")).1, "zeros at the front count");
    let blank = marks(&format!("{HEADER}A,B,,student,,1, \n"));
    assert_eq!((blank.1, blank.2), (None, None));
    let long = format!("{}@x.org", "a".repeat(90));
    let other = marks(&format!("{HEADER}A,B,{},student,,1,7\n", long.to_uppercase()));
    assert_eq!(marks(&format!("{HEADER}A,B,{long},student,,1,7\n")).2, other.2);
}
