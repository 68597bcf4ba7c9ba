//! The command line: a door. It parses, hands work to the daemon or does it, and prints.

mod args;
mod config;
mod demo;
mod doctor;
mod explain;
mod export;
mod handoff;
mod init;
mod output;
mod people;
mod runs;
mod sources;
mod status;

use clap::Parser;

use args::{Arguments, Command, ConfigCommand, PeopleCommand, RunsCommand, SourcesCommand};
use output::Printer;

use crate::actions::{Reply, Request, Selection};
use crate::installation::{self as open, Failure};

/// Runs the command line; gives the exit code of the contract.
pub fn main() -> u8 {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    let printer = Printer::new(arguments.json);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&format!("cannot start: {error}"), None);
            return 1;
        }
    };
    if !matches!(arguments.command, Command::Serve) {
        crate::telemetry::start("warn");
    }
    match runtime.block_on(dispatch(arguments, &printer)) {
        Ok(exit) => exit,
        Err(failure) => {
            printer.error(&failure.sentence, failure.hint.as_deref());
            failure.exit
        }
    }
}

async fn dispatch(arguments: Arguments, printer: &Printer) -> Result<u8, Failure> {
    let config = arguments.config.as_path();
    match arguments.command {
        Command::Serve => crate::daemon::serve(config).await,
        Command::Init { dir, district, folder, time_zone } => {
            init::init(&dir, &district, folder.as_deref(), time_zone.as_deref(), printer)
        }
        Command::Demo { keep_running, dir, seed } => demo::demo(keep_running, dir, seed, printer).await,
        Command::Sync { district, source } => act(config, printer, Request::Sync { district, source }).await,
        Command::Import { file, district, source, mode, accept_baseline } => {
            let file = std::path::absolute(&file).unwrap_or(file);
            act(config, printer, Request::Import { district, source, file, mode, accept_baseline }).await
        }
        Command::Check { file, district, source } => {
            let opened = open::open(config).await?;
            let done =
                crate::actions::check(&opened.app, &opened.districts, district.as_deref(), source.as_deref(), &file)
                    .await?;
            printer.check(&done);
            Ok(done.exit)
        }
        Command::People { command } => people_command(config, printer, command).await,
        Command::Explain { what, district } => {
            let opened = open::open(config).await?;
            explain::explain(&opened, district.as_deref(), &what, printer).await
        }
        Command::Runs { command } => runs_command(config, printer, command).await,
        Command::Sources { command: SourcesCommand::List { district } } => {
            let opened = open::open(config).await?;
            sources::list(&opened, district.as_deref(), printer).await
        }
        Command::Export { district, format, output } => {
            let opened = open::open(config).await?;
            export::export(&opened, district.as_deref(), &format, output.as_deref(), printer).await
        }
        Command::Template { format, output } => export::template(&format, output.as_deref()),
        Command::Config { command: ConfigCommand::Check } => config::check(config, printer),
        Command::Doctor => doctor::doctor(config, printer).await,
        Command::Status => {
            let opened = open::open(config).await?;
            status::status(&opened, printer).await
        }
    }
}

async fn people_command(config: &std::path::Path, printer: &Printer, command: PeopleCommand) -> Result<u8, Failure> {
    match command {
        PeopleCommand::List { district, state, added_by } => {
            let opened = open::open(config).await?;
            people::list(&opened, district.as_deref(), &state, added_by.as_deref(), printer).await
        }
        PeopleCommand::Show { person, district } => {
            let opened = open::open(config).await?;
            people::show(&opened, district.as_deref(), &person, printer).await
        }
        PeopleCommand::Edit { person, district, set } => {
            act(config, printer, Request::Edit { district, person, set }).await
        }
        PeopleCommand::Pin { person, pin, district } => {
            act(config, printer, Request::Pin { district, person, pin }).await
        }
        PeopleCommand::Archive { person, district } => {
            act(config, printer, Request::Archive { district, person }).await
        }
        PeopleCommand::Restore { person, district } => {
            act(config, printer, Request::Restore { district, person }).await
        }
    }
}

async fn runs_command(config: &std::path::Path, printer: &Printer, command: RunsCommand) -> Result<u8, Failure> {
    match command {
        RunsCommand::List { district, limit } => {
            let opened = open::open(config).await?;
            runs::list(&opened, district.as_deref(), limit, printer).await
        }
        RunsCommand::Show { run } => {
            let opened = open::open(config).await?;
            runs::show(&opened, &run, printer).await
        }
        RunsCommand::Approve { run, only, org, except, adds, removals, archive } => {
            let selection = Selection { only, org, except, adds, removals, archive };
            act(config, printer, Request::Approve { run, selection }).await
        }
        RunsCommand::Reject { run } => act(config, printer, Request::Reject { run }).await,
        RunsCommand::Cancel { run } => act(config, printer, Request::Cancel { run }).await,
    }
}

/// Hands a request to the daemon of the state directory, or carries it out here.
async fn act(config: &std::path::Path, printer: &Printer, request: Request) -> Result<u8, Failure> {
    let reply: Reply = handoff::perform(config, request).await?;
    printer.reply(&reply);
    Ok(reply.exit)
}
