//! Ids and times are other ones each time; what stands for them is as wide, so that columns stay columns.

/// A whole id, and the beginning that names a run.
const SHAPES: [&str; 2] = ["hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "hhhhhhhh-hhhh"];
const TIMES: [&str; 2] = ["dddd-dd-ddTdd:dd:ddZ", "dddd-dd-dd"];

/// The text with every id hidden.
pub fn redacted(text: &str) -> String {
    hidden(text, &SHAPES, 'x')
}

/// The text with every time and date hidden.
pub fn timeless(text: &str) -> String {
    hidden(text, &TIMES, '0')
}

fn hidden(text: &str, shapes: &[&str], mark: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let begins = at == 0 || !chars[at - 1].is_ascii_alphanumeric();
        let fit = shapes.iter().find(|shape| begins && fits(&chars[at..], shape));
        match fit {
            Some(shape) => {
                out.extend(shape.chars().map(|c| if matches!(c, 'h' | 'd') { mark } else { c }));
                at += shape.chars().count();
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

/// `h` stands for a hexadecimal digit, `d` for a decimal one; no letter or digit follows.
fn fits(chars: &[char], shape: &str) -> bool {
    let length = shape.chars().count();
    let same = |(c, s): (&char, char)| match s {
        'h' => c.is_ascii_hexdigit(),
        'd' => c.is_ascii_digit(),
        _ => *c == s,
    };
    chars.len() >= length
        && chars.iter().zip(shape.chars()).all(same)
        && chars.get(length).is_none_or(|next| !next.is_ascii_alphanumeric())
}

#[test]
fn only_ids_and_times_are_hidden() {
    let run = "0199a3f0-77aa-7123-8abc-0123456789ab";
    assert_eq!(redacted(&format!("run {run}.")), "run xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.");
    assert_eq!(redacted("0199a3f0-77aa  held\n"), "xxxxxxxx-xxxx  held\n");
    assert_eq!(redacted("users.csv, 000123, Berg-Nilsen"), "users.csv, 000123, Berg-Nilsen");
    assert_eq!(timeless("since 2026-09-14, at 2026-09-14T07:00:01Z"), "since 0000-00-00, at 0000-00-00T00:00:00Z");
}
