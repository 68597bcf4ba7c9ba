//! A person as `people list --json` and `people show --json` print them.

use serde_json::Value;

/// One person object.
#[derive(Clone, Debug, PartialEq)]
pub struct Person(pub Value);

impl Person {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no text `{key}` in {}", self.0))
    }

    fn list(&self, key: &str) -> &Vec<Value> {
        self.0.get(key).and_then(Value::as_array).unwrap_or_else(|| panic!("no list `{key}` in {}", self.0))
    }

    pub fn guid(&self) -> &str {
        self.text("guid")
    }

    pub fn state(&self) -> &str {
        self.text("state")
    }

    pub fn role(&self) -> &str {
        self.text("role")
    }

    pub fn roles(&self) -> Vec<&str> {
        self.list("roles").iter().filter_map(Value::as_str).collect()
    }

    pub fn given(&self) -> &str {
        self.text("given_name")
    }

    pub fn family(&self) -> &str {
        self.text("family_name")
    }

    pub fn email(&self) -> &str {
        self.text("email")
    }

    pub fn number(&self) -> Option<&str> {
        self.0.get("idnumber").and_then(Value::as_str)
    }

    pub fn grad_year(&self) -> Option<u64> {
        self.0.get("grad_year").and_then(Value::as_u64)
    }

    /// How many pins hold this person or their fields.
    pub fn pins(&self) -> usize {
        self.list("pinned").len()
    }

    pub fn archived_at(&self) -> Option<&str> {
        self.0.get("archived_at").and_then(Value::as_str)
    }
}
