//! The binary: the command line, and through it the daemon.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(rosterd::cli::main())
}
