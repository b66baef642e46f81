//! What can be typed for commands that ask a running gateway.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::arguments::Format;

/// Which gateway, and how to tell what it says.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemoteArguments {
    /// Address of the admin API [default: STEPGATE_ADMIN_URL, else http://127.0.0.1:4434]
    #[arg(long, value_name = "URL")]
    pub(super) admin: Option<String>,
    /// File with the admin token [default: the variable STEPGATE_ADMIN_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// How to tell the answer
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  stepgate identities list --identifier ada@bank.example
  stepgate identities get ada@bank.example --format json
  stepgate identities import people.json
  stepgate identities delete 6f1c8f9a-7d5e-4d43-9f8e-3c1a52f0a6b1")]
pub(in crate::cli) enum IdentitiesCommand {
    /// List identities
    List(ListArguments),
    /// Show one identity
    Get(GetArguments),
    /// Make one identity from a JSON document
    Create(CreateArguments),
    /// Delete identities with their sessions and credentials
    Delete(DeleteArguments),
    /// Make many identities from a JSON document or lines of JSON
    Import(ImportArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate identities list
  stepgate identities list --limit 1000 --format json
  stepgate identities list --identifier ada@bank.example")]
pub(in crate::cli) struct ListArguments {
    /// Only the identity with this identifier, whatever its case
    #[arg(long)]
    pub(super) identifier: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate identities get 6f1c8f9a-7d5e-4d43-9f8e-3c1a52f0a6b1
  stepgate identities get ada@bank.example")]
pub(in crate::cli) struct GetArguments {
    /// Id or identifier
    #[arg(value_name = "IDENTITY")]
    pub(super) identity: String,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate identities create ada.json
  echo '{\"traits\":{\"email\":\"ada@bank.example\"}}' | stepgate identities create -")]
pub(in crate::cli) struct CreateArguments {
    /// The document, as the admin API takes it; - reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  stepgate identities delete 6f1c8f9a-7d5e-4d43-9f8e-3c1a52f0a6b1")]
pub(in crate::cli) struct DeleteArguments {
    /// Ids or identifiers
    #[arg(value_name = "IDENTITY", required = true)]
    pub(super) identities: Vec<String>,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate identities import people.json
  stepgate identities import people.jsonl --batch 50 --format json

The file holds a list of documents as `create` takes them, or one a line. Each stands or falls by
itself; those that fail are told, and the exit code is then 1.")]
pub(in crate::cli) struct ImportArguments {
    /// The documents; - reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// How many to send at once
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) batch: u16,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  stepgate sessions list --identity ada@bank.example
  stepgate sessions revoke --identity ada@bank.example")]
pub(in crate::cli) enum SessionsCommand {
    /// List sessions, newest first
    List(SessionListArguments),
    /// End sessions at once
    Revoke(RevokeArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate sessions list --active
  stepgate sessions list --identity ada@bank.example --format json")]
pub(in crate::cli) struct SessionListArguments {
    /// Only those of this identity: id or identifier
    #[arg(long)]
    pub(super) identity: Option<String>,
    /// Only those that count
    #[arg(long)]
    pub(super) active: bool,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    pub(super) limit: u32,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate sessions revoke 0b6c2f5e-90a8-4dd4-8a49-5ea33ef8f2a9
  stepgate sessions revoke --identity ada@bank.example
  stepgate sessions revoke --all")]
pub(in crate::cli) struct RevokeArguments {
    /// Ids of sessions
    #[arg(value_name = "SESSION", required_unless_present_any = ["identity", "all"])]
    pub(super) sessions: Vec<String>,
    /// All sessions of this identity: id or identifier
    #[arg(long, conflicts_with = "sessions")]
    pub(super) identity: Option<String>,
    /// All sessions of everybody
    #[arg(long, conflicts_with_all = ["sessions", "identity"])]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:
  stepgate factors remove ada@bank.example totp")]
pub(in crate::cli) enum FactorsCommand {
    /// Take a factor from somebody who lost it
    Remove(FactorArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  stepgate factors remove ada@bank.example totp
  stepgate factors remove ada@bank.example lookup_secret
  stepgate factors remove ada@bank.example oidc --identifier google:1234")]
pub(in crate::cli) struct FactorArguments {
    /// Id or identifier
    #[arg(value_name = "IDENTITY")]
    pub(super) identity: String,
    /// totp, lookup_secret, webauthn, passkey, password or oidc
    #[arg(value_name = "FACTOR")]
    pub(super) factor: String,
    /// Which of several, such as provider:subject
    #[arg(long)]
    pub(super) identifier: Option<String>,
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:
  stepgate identity-config get")]
pub(in crate::cli) enum IdentityConfigCommand {
    /// Print the running identity configuration as YAML; secrets are redacted
    Get(IdentityConfigArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  stepgate identity-config get --admin http://127.0.0.1:4434")]
pub(in crate::cli) struct IdentityConfigArguments {
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}
