//! What can be typed for commands about rules.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::arguments::Format;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate explain --url https://bank.example.com/transfer --method POST
  stepgate explain --url https://bank.example.com/transfer --aal aal1 --second-factors totp
  stepgate explain --url https://bank.example.com/transfer \\
      --methods password@2h,totp@20m --traits '{\"role\": \"teller\"}' --format json
  stepgate explain --url https://bank.example.com/ rules/bank.yaml

Without any of --aal, --methods, --second-factors, --authenticated-at and --traits nobody is signed
in. What is left out of a session is made up so that it fits.")]
pub(in crate::cli) struct ExplainArguments {
    /// The absolute URL, exactly as it would be sent
    #[arg(long, value_name = "URL")]
    pub(super) url: String,
    /// The method [default: GET]
    #[arg(long, short = 'X')]
    pub(super) method: Option<String>,
    /// A header; can be repeated
    #[arg(long, short = 'H', value_name = "NAME:VALUE")]
    pub(super) header: Vec<String>,
    /// The client's address [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) ip: Option<String>,
    /// The session's level: aal1 or aal2
    #[arg(long)]
    pub(super) aal: Option<String>,
    /// Its methods with commas between them, each with its age if you like: password@2h,totp@3m
    #[arg(long, value_name = "NAMES")]
    pub(super) methods: Option<String>,
    /// What is set up: `totp,webauthn`, `none` or `unknown`
    #[arg(long, value_name = "NAMES")]
    pub(super) second_factors: Option<String>,
    /// When the session was authenticated: an age (5m) or a time (2026-03-02T10:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub(super) authenticated_at: Option<String>,
    /// The identity's traits
    #[arg(long, value_name = "JSON")]
    pub(super) traits: Option<String>,
    /// Decide as of this time instead of now
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<jiff::Timestamp>,
    /// Rule files and folders, or a configuration file [default: stepgate.yaml and its rules]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// How to explain
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate test
  stepgate test rules/
  stepgate test rules/ --format junit > report.xml

A case file is a YAML file with a list under `tests`. Its cases are put to the rules that it names
(`rules:` or `config:`), else to those of --config, else to those of the nearest stepgate.yaml above
it that covers the rule files beside it, else to the rule files beside it.

Exit codes: 0 all cases came as expected, 1 some did not, 2 a file is not valid.")]
pub(in crate::cli) struct TestArguments {
    /// A folder of cases, with all below it, or a case file [default: the rules of stepgate.yaml]
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// The configuration whose rules the cases are put to
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// How to tell the outcome
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: ReportFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate diff rules/ /tmp/rules-as-planned/
  git worktree add /tmp/main main && stepgate diff /tmp/main/rules rules
  stepgate diff rules/ new-rules/ --requests access.log

Exit codes: 0 nothing is looser, 1 something is, 2 a file is not valid.")]
pub(in crate::cli) struct DiffArguments {
    /// The rules as they are: a folder or a file
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The rules as they would be
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    /// An access log (JSON lines) whose requests are put to both, in place of made-up ones
    #[arg(long, value_name = "FILE")]
    pub(super) requests: Option<PathBuf>,
    /// The configuration around both: networks, upstream defaults, identity
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// How to tell the changes
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// For people, for programs, or for build servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For build servers: JUnit's XML
    Junit,
}
