//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::policy::{DiffArguments, ExplainArguments, TestArguments};
use super::remote::{FactorsCommand, IdentitiesCommand, IdentityConfigCommand, SessionsCommand};
use crate::config::{DEFAULT_FILE, Override};

/// An authentication gateway: a reverse proxy that enforces, per route, how strongly a session
/// was authenticated.
#[derive(Debug, Parser)]
#[command(
    name = "stepgate",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = "Examples:
  stepgate demo                       try it: a small bank with login and second factors
  stepgate init                       write a starter configuration
  stepgate check                      find every problem in it
  stepgate explain --url URL          say why a request would be answered as it would
  stepgate serve                      run it

Exit codes: 0 well, 1 failed, 2 wrong use or invalid configuration.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run everything in one process: a bank, the gateway, login with second factors
    Demo(DemoArguments),
    /// Run the gateway
    Serve(ServeArguments),
    /// Run the identity service by itself, by a configuration in Kratos' own format
    Identity(IdentityArguments),
    /// Write a starter configuration: stepgate.yaml, rules/app.yaml, notes on certificates
    Init(InitArguments),
    /// Find all problems in configuration and rules
    Check(CheckArguments),
    /// Ask whether the gateway on this machine is ready: exit 0 or 1, for health checks
    Health(HealthArguments),
    /// Say why a request would be answered as it would
    Explain(ExplainArguments),
    /// Put cases to the rules, and tell which come otherwise than expected
    Test(TestArguments),
    /// Tell which decisions another set of rules would change, and which way
    Diff(DiffArguments),
    /// Translate what other programs were told: access rules, a Kratos configuration
    #[command(subcommand)]
    Import(ImportCommand),
    /// Show the effective configuration, or its schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make certificates for development
    #[command(subcommand)]
    Certs(CertsCommand),
    /// List, show, make, delete and import identities of a running gateway
    #[command(subcommand)]
    Identities(IdentitiesCommand),
    /// List and end sessions of a running gateway
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Take factors from identities of a running gateway
    #[command(subcommand)]
    Factors(FactorsCommand),
    /// Show the identity configuration of a running gateway
    #[command(subcommand)]
    IdentityConfig(IdentityConfigCommand),
    /// Check the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  stepgate completions bash > /etc/bash_completion.d/stepgate")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:
  stepgate man > /usr/local/share/man/man1/stepgate.1")]
    Man,
}

/// Which configuration, and what counts over it.
#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// The configuration file; relative paths in it begin in its folder
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(super) config: PathBuf,
    /// Replace one value of the file (over STEPGATE__.. variables); can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = Override::from_flag)]
    pub(super) set: Vec<Override>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate serve
  stepgate serve --config /etc/stepgate/stepgate.yaml
  stepgate serve --set proxy.listen=127.0.0.1:0
  STEPGATE__TELEMETRY__LOG__LEVEL=debug stepgate serve

Signals: SIGHUP reads rules and certificates again; SIGTERM finishes what is under way and ends.")]
pub(super) struct ServeArguments {
    #[command(flatten)]
    pub(super) config: ConfigArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate health
  stepgate health --config /etc/stepgate/stepgate.yaml
  stepgate health --url http://127.0.0.1:4434

Asks /health/ready of the admin listener, 3 seconds at most. Exit codes: 0 ready, 1 not ready or out
of reach, 2 wrong use or invalid configuration.")]
pub(super) struct HealthArguments {
    /// Address of the admin listener, instead of the configuration's
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    #[command(flatten)]
    pub(super) config: ConfigArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  stepgate identity --config kratos.yml")]
pub(super) struct IdentityArguments {
    /// The file; `serve.public` and `serve.admin` in it say where to listen
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:
  stepgate demo
  stepgate demo --open
  stepgate demo --port 0 --format json
  stepgate demo bank --listen 127.0.0.1:8080",
    args_conflicts_with_subcommands = true
)]
pub(super) struct DemoArguments {
    #[command(subcommand)]
    pub(super) part: Option<DemoPart>,
    /// Keep the database in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Port of the bank; 0 takes free ports for everything
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// Open the bank in the browser
    #[arg(long)]
    pub(super) open: bool,
    /// How to tell what runs where
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What of the demo runs by itself.
#[derive(Debug, Subcommand)]
pub(super) enum DemoPart {
    /// Run the bank alone: an application for a gateway that runs elsewhere
    Bank(BankArguments),
}

#[derive(Debug, Args)]
pub(super) struct BankArguments {
    /// Where it listens. It believes the headers that say who is asking: only the gateway may
    /// reach it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate init
  stepgate init --yes --directory /etc/stepgate")]
pub(super) struct InitArguments {
    /// Ask nothing: an application on 127.0.0.1:8080, tried out on this machine
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Where to write
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// Replace files that are there already
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate check
  stepgate check /etc/stepgate/stepgate.yaml
  stepgate check rules/ --format json")]
pub(super) struct CheckArguments {
    /// Configuration files, rule files and folders of rules [default: stepgate.yaml and its rules]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The configuration file to check when no PATH is given
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(super) config: PathBuf,
    /// How to tell problems
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every effective value and where it came from; secrets are redacted
    Show(ShowArguments),
    /// Print the JSON Schema of stepgate.yaml, so that editors complete it
    #[command(after_help = "Example:
  stepgate config schema > stepgate.schema.json
  # first line of stepgate.yaml:
  # yaml-language-server: $schema=stepgate.schema.json")]
    Schema,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate config show
  STEPGATE__PROXY__LISTEN=0.0.0.0:80 stepgate config show --format json")]
pub(super) struct ShowArguments {
    #[command(flatten)]
    pub(super) config: ConfigArguments,
    /// How to show values
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Find lines that were changed, removed, moved or put in
    Verify(VerifyArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate audit verify /var/log/stepgate/audit.log
  stepgate audit verify audit.log.2 audit.log.1 audit.log
  stepgate audit verify audit.log --expect 5f0c..

The last hash that a run prints, kept elsewhere and given as --expect to the next, shows whether
the end of the log was cut off since.

Exit codes: 0 whole, 1 something is wrong, 2 wrong use.")]
pub(super) struct VerifyArguments {
    /// The log's files, oldest first
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// A hash that must be among the lines
    #[arg(long, value_name = "HASH")]
    pub(super) expect: Option<String>,
    /// How to tell what was found
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum CertsCommand {
    /// Make a certificate authority and a certificate for this machine
    Dev(CertsArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate certs dev
  stepgate certs dev --host bank.localhost --host 192.0.2.10")]
pub(super) struct CertsArguments {
    /// Where to write
    #[arg(short, long, value_name = "DIR", default_value = "certs")]
    pub(super) directory: PathBuf,
    /// Host name or address the certificate is for, beside localhost, 127.0.0.1 and ::1
    #[arg(long, value_name = "HOST")]
    pub(super) host: Vec<String>,
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

impl Format {
    pub(super) const fn is_json(self) -> bool {
        matches!(self, Self::Json)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Access rules (and configuration) of Ory Oathkeeper, to a rule file on standard output
    ///
    /// Never allows more than the original. What could not be translated is told on standard
    /// error, and the exit code is 1.
    #[command(after_help = "Example:
  stepgate import oathkeeper oathkeeper.yml access-rules.json > rules/imported.yaml")]
    Oathkeeper {
        /// JSON, YAML or JSON lines: rules, or the configuration file
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// A configuration of Ory Kratos, to a stepgate.yaml on standard output
    #[command(after_help = "Example:
  stepgate import kratos kratos.yml > stepgate.yaml")]
    Kratos {
        /// The configuration file of Kratos
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
