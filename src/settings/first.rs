//! The configuration that `rosterd init` writes: short, and it works at once.

use std::path::Path;

/// The text of `rosterd.toml` and of `districts.d/DISTRICT.toml` for one district with one folder.
///
/// State lies in `state` beside the file. `folder` is written as it is: a relative one is taken from
/// the configuration's folder. `district` must be a valid id, `time_zone` a name such as
/// `America/Chicago`; nothing is checked here.
pub fn first_configuration(district: &str, folder: &Path, time_zone: &str) -> (String, String) {
    (DAEMON.to_owned(), district_file(district, folder, time_zone))
}

const DAEMON: &str = r#"# rosterd: settings of the daemon. One file a district stands in districts.d/.
# Each setting can come from the environment instead: ROSTERD_STATE__DIR=/var/lib/rosterd

[state]
dir = "state"                    # database and kept deliveries; relative to this file
"#;

fn district_file(district: &str, folder: &Path, time_zone: &str) -> String {
    let (id, path, zone) = (quoted(district), quoted(&folder.to_string_lossy()), quoted(time_zone));
    format!(
        r#"[district]
id = {id}
name = {id}
time_zone = {zone}
# email_domains = ["{district}.example.org"]   # addresses elsewhere are refused; left out: any

# A folder that is read and never changed. Results go to `results` inside it.
[[sources]]
id = "files"
kind = "folder"
path = {path}
baseline = "hold"                # the first file of a kind waits for a yes: hold | apply
quiet_for = "60s"                # unchanged this long before a file counts as complete
# schedule = "0 2 * * *"         # reconcile then; left out: as soon as a file is complete
"#
    )
}

/// A TOML string, quotes and all.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
