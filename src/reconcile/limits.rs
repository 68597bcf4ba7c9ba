//! The numbers of the gates (G01 to G16) and of the delivery checks, each a setting:
//! `[limits] G02 = { percent = 5 }`. Defaults are those of the design.

use serde::{Deserialize, Serialize};

/// Trips when a count is above `more_than` *and* above `percent` of the measured whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Absolute part; the count must exceed it.
    pub more_than: f64,
    /// Relative part, in percent of the measured whole (0 to 100).
    pub percent: f64,
}

impl Limit {
    const fn new(more_than: f64, percent: f64) -> Self {
        Self { more_than, percent }
    }

    /// Does `count` out of `whole` trip?
    pub fn trips(self, count: u64, whole: u64) -> bool {
        let count = count as f64;
        count > self.more_than && count * 100.0 > self.percent * whole as f64
    }
}

/// What a district may change of one gate: either part, or both.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    percent: Option<f64>,
    more_than: Option<f64>,
    off: Option<bool>,
}

/// Every gate's numbers, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limits {
    pub g01: Limit,
    /// `more_than` is computed from the size of the scope when it is below zero (the default).
    pub g02: Limit,
    pub g03: Limit,
    pub g05: Limit,
    pub g06: Limit,
    pub g07: Limit,
    pub g08: Limit,
    pub g09: Limit,
    pub g10: Limit,
    pub g11: Limit,
    pub g12: Limit,
    pub g13: Limit,
    pub g14: Limit,
    pub g15: Limit,
    /// `more_than`: length of the missing tail that trips (t >= 2); `percent` is not used.
    pub g16: Limit,
    /// A14, as percent of inactive rows.
    pub a14: Limit,
    /// D04: people whom going back may change without a question.
    pub d04: Limit,
    /// D18: share of foreign e-mails or schools.
    pub d18: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            g01: Limit::new(20.0, 15.0),
            g02: Limit::new(-1.0, 5.0),
            g03: Limit::new(3.0, 20.0),
            g05: Limit::new(50.0, 25.0),
            g06: Limit::new(20.0, 5.0),
            g07: Limit::new(10.0, 2.0),
            g08: Limit::new(5.0, 1.0),
            g09: Limit::new(10.0, 5.0),
            g10: Limit::new(3.0, 0.5),
            g11: Limit::new(20.0, 15.0),
            g12: Limit::new(20.0, 2.0),
            g13: Limit::new(3.0, 25.0),
            g14: Limit::new(20.0, 50.0),
            g15: Limit::new(3.0, 100.0),
            g16: Limit::new(1.0, 0.0),
            a14: Limit::new(0.0, 20.0),
            d04: Limit::new(5.0, 1.0),
            d18: Limit::new(0.0, 50.0),
        }
    }
}

impl Limits {
    /// The names a district may use under `[limits]`.
    pub const NAMES: [&str; 18] = [
        "G01", "G02", "G03", "G05", "G06", "G07", "G08", "G09", "G10", "G11", "G12", "G13", "G14", "G15", "G16", "A14",
        "D04", "D18",
    ];

    /// The limit called `name`, for reading or changing.
    pub fn by_name(&mut self, name: &str) -> Option<&mut Limit> {
        Some(match name {
            "G01" => &mut self.g01,
            "G02" => &mut self.g02,
            "G03" => &mut self.g03,
            "G05" => &mut self.g05,
            "G06" => &mut self.g06,
            "G07" => &mut self.g07,
            "G08" => &mut self.g08,
            "G09" => &mut self.g09,
            "G10" => &mut self.g10,
            "G11" => &mut self.g11,
            "G12" => &mut self.g12,
            "G13" => &mut self.g13,
            "G14" => &mut self.g14,
            "G15" => &mut self.g15,
            "G16" => &mut self.g16,
            "A14" => &mut self.a14,
            "D04" => &mut self.d04,
            "D18" => &mut self.d18,
            _ => return None,
        })
    }

    /// Applies one `[limits]` entry, a TOML table such as `{ percent = 5 }` or `{ off = true }`.
    ///
    /// # Errors
    /// A sentence fragment that names what is wrong with the entry.
    pub fn apply(&mut self, name: &str, entry: &toml::Value) -> Result<(), String> {
        let change: Override = entry.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
        for (word, value) in [("percent", change.percent), ("more_than", change.more_than)] {
            if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
                return Err(format!("`{word}` must be a number of at least 0"));
            }
        }
        if change.percent.is_some_and(|percent| percent > 100.0) {
            return Err("`percent` must be at most 100".to_owned());
        }
        let limit = self.by_name(name).ok_or_else(|| format!("there is no limit called `{name}`"))?;
        if let Some(percent) = change.percent {
            limit.percent = percent;
        }
        if let Some(more_than) = change.more_than {
            limit.more_than = more_than;
        }
        if change.off == Some(true) {
            limit.more_than = f64::INFINITY;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_can_be_changed() {
        for name in Limits::NAMES {
            let mut limits = Limits::default();
            limits.apply(name, &toml::Value::Table(toml::Table::from_iter([("percent".into(), 7.into())]))).unwrap();
            assert_eq!(limits.by_name(name).map(|limit| limit.percent), Some(7.0), "{name}");
        }
    }

    #[test]
    fn both_parts_must_be_exceeded() {
        let limit = Limit::new(20.0, 15.0);
        assert!(!limit.trips(20, 100), "at the absolute part");
        assert!(!limit.trips(21, 140), "at the relative part");
        assert!(limit.trips(22, 140));
    }
}
