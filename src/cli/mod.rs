//! The command line. Exit codes: 0 well, 1 failed, 2 wrong use or invalid configuration.

mod arguments;
mod audit;
mod certs;
mod check;
mod config_command;
mod health;
mod import;
mod init;
mod output;
mod policy;
mod remote;
mod shell;

use std::process::ExitCode;

use clap::Parser as _;

use crate::app::{self, BankOptions, DemoOptions, ServeOptions, StartError};
use crate::config::{Environment, Origin};

use arguments::{
    Arguments, AuditCommand, CertsCommand, Command, ConfigArguments, ConfigCommand, DemoArguments,
    DemoPart,
};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Well,
    Failed,
    Invalid,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Well => Self::SUCCESS,
            Ending::Failed => Self::FAILURE,
            Ending::Invalid => Self::from(2),
        }
    }
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            // `--help` and `--version` come as errors too, but are none.
            let ending = match told.use_stderr() {
                true => Ending::Invalid,
                false => Ending::Well,
            };
            // Nobody left to tell that the output is gone.
            let _closed = told.print();
            return ending.into();
        }
    };
    let environment = Environment::of_process();
    dispatch(arguments.command, environment).into()
}

fn dispatch(command: Command, environment: Environment) -> Ending {
    match command {
        Command::Serve(arguments) => serve(arguments.config, environment),
        Command::Demo(arguments) => demo(arguments, &environment),
        Command::Identity(arguments) => ended(app::serve_identity(&arguments.config, &environment)),
        Command::Init(arguments) => init::run(&arguments),
        Command::Check(arguments) => check::run(&arguments, &environment),
        Command::Health(arguments) => health::run(arguments, &environment),
        Command::Explain(arguments) => policy::explain(&arguments, &environment),
        Command::Test(arguments) => policy::test(&arguments, &environment),
        Command::Diff(arguments) => policy::diff(&arguments, &environment),
        Command::Import(command) => import::run(&command, &environment),
        Command::Config(ConfigCommand::Show(arguments)) => {
            config_command::show(arguments, environment)
        }
        Command::Config(ConfigCommand::Schema) => config_command::schema(),
        Command::Certs(CertsCommand::Dev(arguments)) => certs::dev(&arguments),
        Command::Identities(command) => remote::identities(command, &environment),
        Command::Sessions(command) => remote::sessions(command, &environment),
        Command::Factors(command) => remote::factors(command, &environment),
        Command::IdentityConfig(command) => remote::identity_config(command, &environment),
        Command::Audit(AuditCommand::Verify(arguments)) => audit::verify_log(&arguments),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::man(),
    }
}

/// Reads the configuration, or tells what is wrong with it.
fn origin(arguments: ConfigArguments, environment: Environment) -> Origin {
    Origin {
        path: arguments.config,
        environment,
        flags: arguments.set,
    }
}

fn serve(arguments: ConfigArguments, environment: Environment) -> Ending {
    let styled = environment.allows_colour();
    let origin = origin(arguments, environment);
    let loaded = origin.load();
    match loaded.config {
        Some(config) => ended(app::serve(&config, ServeOptions { origin, styled })),
        None => {
            output::problems(&loaded.problems);
            Ending::Invalid
        }
    }
}

fn demo(arguments: DemoArguments, environment: &Environment) -> Ending {
    if let Some(DemoPart::Bank(bank)) = arguments.part {
        return ended(app::demo_bank(BankOptions {
            listen: bank.listen,
            styled: environment.allows_colour(),
        }));
    }
    ended(app::demo(DemoOptions {
        data: arguments.data,
        port: arguments.port,
        open: arguments.open,
        json: arguments.format.is_json(),
        styled: environment.allows_colour(),
    }))
}

fn ended(result: Result<(), StartError>) -> Ending {
    match result {
        Ok(()) => Ending::Well,
        Err(StartError::Invalid(problems)) => {
            output::problems(&problems);
            Ending::Invalid
        }
        // What this program can't do is wrong use of it.
        Err(error @ StartError::LeftOut(_)) => {
            output::failure(&error);
            Ending::Invalid
        }
        Err(error) => {
            output::failure(&error);
            Ending::Failed
        }
    }
}
