//! A15 to A21: what spreadsheets, exports and transport do to a row.

use super::*;

#[test]
fn a15_damage_by_spreadsheets() {
    for number in ["1.00E+07", "4.8812E+04", "1E+07", "#N/A", "#REF!", "####", "12\u{fffd}", "48812.0"] {
        let (code, keys) = rejected(with("idnumber", number), "idnumber");
        assert_eq!((&*code, keys.number_damaged, keys.structure_damaged), ("number-damaged", true, false), "{number}");
    }
    for email in ["#N/A", "1.00E+07", "jos\u{fffd}@x.example"] {
        assert_eq!(rejected(with("email", email), "email").0, "email-damaged", "{email}");
    }
    // A name that is needed is a reason to reject, and is not called blank.
    let admitted = with("firstname", "#NAME?");
    assert_eq!(admitted.findings.len(), 1);
    assert_eq!(rejected(admitted, "firstname").0, "value-damaged");
    let (record, said) = remarked(lenient("first,last,number", "#NAME?,Berg,7"));
    assert_eq!((record.given(), said), ("", vec!["value-damaged:warning".to_owned()]));
    for number in ["0048812", "12E5", "A-17", "1e5"] {
        assert_eq!(accepted(with("idnumber", number)).number.as_deref(), Some(number));
    }
    assert_eq!(accepted(with("idnumber", "\"=\"\"0012\"\"\"")).number.as_deref(), Some("0012"));
}

#[test]
fn a16_characters_without_business_in_a_roster() {
    for name in ["O\u{7}la", "O\tla", "O\u{202e}la", "\"O\nla\"", "\"O\r\nla\""] {
        let (code, keys) = rejected(with("firstname", name), "firstname");
        assert!(code.ends_with("-character"), "{code}");
        assert!(keys.structure_damaged, "{name:?}");
        assert_eq!(keys.number.as_deref(), Some("0048812"), "what can be read of the keys is kept");
    }
    for (column, value) in [
        ("idnumber", "12 34"),
        ("idnumber", "12\u{a0}34"),
        ("idnumber", "12\u{200b}34"),
        ("email", "o la@x.example"),
        ("email", "o\u{200b}la@x.example"),
    ] {
        let (code, keys) = rejected(with(column, value), column);
        assert!(code.ends_with("-character") && keys.structure_damaged, "{code}: {value:?}");
    }
}

#[test]
fn a16_a_row_that_swallowed_others_says_how_far_it_goes() {
    let text = format!("{HEADER}\n\"Ola,Berg\nx,y\nz\",student,,1,1\n");
    let admitted = admit_with(None, text.as_bytes(), &policy());
    assert!(admitted.findings[0].message.contains("from line 2 to 4"), "{:?}", admitted.findings);
}

#[test]
fn a17_bytes_that_do_not_decode() {
    let text = [HEADER.as_bytes(), b"\nOla,Berg,ola@x.example,student,2029,1,00\xff12\n"].concat();
    let (code, keys) = rejected(admit_with(None, &text, &policy()), "idnumber");
    assert_eq!((&*code, keys.number, keys.number_damaged), ("bad-encoding", None, true));
    assert!(keys.structure_damaged);
    assert_eq!(keys.email.as_deref(), Some("ola@x.example"));
}

#[test]
fn a18_more_or_fewer_cells_than_the_header() {
    let (code, keys) = rejected(admit("Ola,Berg,ola@x.example,student,2029,1"), "");
    assert_eq!((&*code, keys.structure_damaged), ("too-few-cells", true));
    let (code, keys) = rejected(admit(&format!("{ROW},x")), "");
    assert_eq!((&*code, keys.structure_damaged), ("too-many-cells", true));
    accepted(admit(&format!("{ROW},,")));
}

#[test]
fn a19_values_that_are_too_long() {
    let long = |count: usize| "\u{e9}".repeat(count);
    assert_eq!(accepted(with("firstname", &long(255))).given(), long(255));
    let (code, keys) = rejected(with("firstname", &long(256)), "firstname");
    assert_eq!((&*code, keys.structure_damaged, &*keys.given), ("too-long", true, ""));
    assert_eq!(accepted(with("idnumber", &"1".repeat(128))).number.unwrap().len(), 128);
    let admitted = with("idnumber", &"1".repeat(129));
    assert_eq!(admitted.findings.len(), 1, "it is not called blank as well");
    assert_eq!(
        rejected(admitted, "idnumber"),
        (
            "too-long".to_owned(),
            RawKeys {
                number: None,
                email: Some("ola@x.example".into()),
                role: Some(Role::Student),
                given: "Ola".into(),
                family: "Berg".into(),
                structure_damaged: true,
                ..RawKeys::default()
            }
        )
    );
    let mail = |count: usize| {
        format!("o@{}.x.example", ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(count)].join("."))
    };
    let fits = mail(254 - mail(0).len());
    accepted(with("email", &fits));
    assert_eq!(rejected(with("email", &format!("o{fits}")), "email").0, "too-long");
    assert_eq!(rejected(with("firstname", &"x".repeat((64 << 10) + 1)), "firstname").0, "field-too-long");
}

#[test]
fn a20_text_after_a_closing_quote() {
    let (code, keys) = rejected(with("lastname", "\"Berg\"x"), "lastname");
    assert_eq!((&*code, keys.structure_damaged), ("text-after-quote", true));
}

#[test]
fn a21_year_of_graduation() {
    for year in ["27", "0", "nul", "20270", "2o27", "2027.5", "0000", "-2027"] {
        let (record, said) = remarked(with("gradyear", year));
        assert_eq!((record.fields.get(Field::GradYear), said), (None, vec!["grad-year:warning".to_owned()]), "{year}");
    }
    assert_eq!(accepted(with("gradyear", " 2027 ")).fields.get(Field::GradYear), Some("2027"));
}
