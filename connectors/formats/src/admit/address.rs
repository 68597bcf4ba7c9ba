//! The shape of an e-mail address. Syntax only: whether anybody reads it is not asked.

/// The domain of an address (lower-cased), or why it is none.
///
/// Narrower than the standards: no quoted local parts, no comments, no bare host names. Letters of
/// any script may stand where letters can.
pub(super) fn domain(address: &str) -> Result<&str, &'static str> {
    let Some((local, domain)) = address.split_once('@') else { return Err("it has no `@`") };
    if domain.contains('@') {
        return Err("it has more than one `@`");
    }
    if local.is_empty() {
        return Err("nothing stands before the `@`");
    }
    if local.chars().count() > 64 {
        return Err("more than 64 characters stand before the `@`");
    }
    if local.split('.').any(str::is_empty) {
        return Err("a dot before the `@` stands at the beginning, at the end, or twice");
    }
    if !local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)) {
        return Err("a character before the `@` cannot stand there");
    }
    if !domain.contains('.') {
        return Err("the domain has no dot");
    }
    if !domain.split('.').all(is_label) {
        return Err("the domain is not made of letters, digits and hyphens between dots");
    }
    if domain.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("the domain ends in a number");
    }
    Ok(domain)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Is `domain` the domain `own` or one below it? Whole labels are compared.
pub(super) fn is_under(domain: &str, own: &str) -> bool {
    domain.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_what_is_none() {
        for good in ["ann@x.org", "t.o'dowd@a.b.org", "a+b_c-d@x-y.org", "zoë@schüle.example", "1@1.org"] {
            assert!(domain(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ann",
            "@x.org",
            "ann@",
            "ann@x",
            "a@b@x.org",
            ".ann@x.org",
            "ann.@x.org",
            "a..b@x.org",
            "ann@.org",
            "ann@x..org",
            "ann@-x.org",
            "ann@x-.org",
            "ann@x_y.org",
            "a,b@x.org",
            "<ann@x.org>",
            "ann@x.org,",
            "a(b)@x.org",
            "ann@10.0.0.1",
            "ann@x.org.",
            "\"a\"@x.org",
            "mailto:ann@x.org",
        ] {
            assert!(domain(bad).is_err(), "{bad}");
        }
        assert!(domain(&format!("{}@x.org", "a".repeat(65))).is_err());
        assert!(domain(&format!("a@{}.org", "b".repeat(64))).is_err());
    }

    #[test]
    fn whole_labels_are_compared() {
        for (domain, under) in [
            ("x.org", true),
            ("a.x.org", true),
            ("a.b.x.org", true),
            ("ax.org", false),
            ("x.org.com", false),
            ("org", false),
        ] {
            assert_eq!(is_under(domain, "x.org"), under, "{domain}");
        }
    }
}
