//! Tells systemd how the daemon is, where systemd asked to be told (`NOTIFY_SOCKET`).

use std::os::unix::net::UnixDatagram;

fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    // Nobody listening is no reason to stop.
    if let Ok(socket) = UnixDatagram::unbound() {
        let _ = socket.send_to(state.as_bytes(), path);
    }
}

/// The daemon takes requests and watches its folders.
pub fn ready() {
    tell("READY=1\nSTATUS=watching");
}

/// The configuration is being read again.
pub fn reloading() {
    tell("STATUS=reading the configuration again");
}

/// The daemon drains.
pub fn stopping() {
    tell("STOPPING=1\nSTATUS=draining");
}
