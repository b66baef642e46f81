//! The demo's folder: configuration, rules, identity schema and database, in a temporary place
//! or where `--data` says.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const CONFIGURATION: &str = include_str!("assets/stepgate.yaml");
const RULES: &str = include_str!("assets/bank.yaml");
const SCHEMA: &str = include_str!("assets/person.schema.json");

/// Where the parts of the demo listen.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    /// The gateway: 127.0.0.1 and, where the machine has it, [::1], on one port.
    pub(super) proxy: Vec<SocketAddr>,
    pub(super) admin: SocketAddr,
    pub(super) bank: SocketAddr,
}

impl Addresses {
    /// The gateway's port.
    pub(super) fn port(&self) -> u16 {
        self.proxy.first().map_or(0, SocketAddr::port)
    }
}

/// The folder. A temporary one goes away with this value.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// Makes a temporary folder, or takes the given one; both are for this user only.
    pub(super) fn open(wanted: Option<&Path>) -> io::Result<Self> {
        let temporary = wanted.is_none();
        let path = match wanted {
            Some(path) => path.to_owned(),
            None => {
                let mark: u64 = rand::random();
                std::env::temp_dir().join(format!("stepgate-demo-{mark:016x}"))
            }
        };
        private_folder(&path)?;
        fs::create_dir_all(path.join("rules"))?;
        // The configuration names files by it, and may be read from elsewhere.
        let path = path.canonicalize()?;
        Ok(Self { path, temporary })
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.path.join("stepgate.yaml")
    }

    pub(super) fn rules(&self) -> PathBuf {
        self.path.join("rules").join("bank.yaml")
    }

    /// Writes configuration, rules and schema for these addresses.
    pub(super) fn write(&self, addresses: &Addresses) -> io::Result<()> {
        let proxy: Vec<String> = addresses.proxy.iter().map(SocketAddr::to_string).collect();
        let listen: Vec<String> = proxy
            .iter()
            .map(|address| format!("{{ address: {} }}", quoted(address)))
            .collect();
        let database = format!("sqlite:{}", self.path.join("demo.db").display());
        let schema = self.path.join("person.schema.json");
        let configuration = CONFIGURATION
            .replace("@LISTEN@", &format!("[{}]", listen.join(", ")))
            .replace("@PORT@", &addresses.port().to_string())
            .replace("@ADMIN@", &quoted(&addresses.admin.to_string()))
            .replace(
                "@RULES@",
                &quoted(&self.path.join("rules").display().to_string()),
            )
            .replace("@DATABASE@", &quoted(&database))
            .replace("@SCHEMA@", &quoted(&format!("file://{}", schema.display())));
        fs::write(&schema, SCHEMA)?;
        fs::write(
            self.rules(),
            RULES.replace("@BANK@", &addresses.bank.to_string()),
        )?;
        fs::write(self.configuration(), configuration)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // Nothing depends on it; what stays is in the system's folder for such things.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A YAML string: JSON's are YAML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(unix)]
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Environment};

    fn addresses() -> Addresses {
        Addresses {
            proxy: vec![
                SocketAddr::from(([127, 0, 0, 1], 4455)),
                "[::1]:4455".parse().expect("an address"),
            ],
            admin: SocketAddr::from(([127, 0, 0, 1], 4434)),
            bank: SocketAddr::from(([127, 0, 0, 1], 9000)),
        }
    }

    #[test]
    fn a_temporary_folder_goes_away_and_a_given_one_stays() {
        let temporary = Folder::open(None).expect("a folder");
        temporary.write(&addresses()).expect("files");
        let path = temporary.path().to_owned();
        assert!(path.join("rules/bank.yaml").exists());
        drop(temporary);
        assert!(!path.exists());

        let given = tempfile::tempdir().expect("a folder");
        drop(Folder::open(Some(given.path())).expect("the folder"));
        assert!(given.path().exists());
    }

    #[test]
    fn every_blank_of_the_configuration_is_filled_in() {
        let given = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(Some(given.path())).expect("the folder");
        folder.write(&addresses()).expect("files");
        for file in [folder.configuration(), folder.rules()] {
            let text = fs::read_to_string(file).expect("a file");
            assert!(!text.contains('@'), "{text}");
        }
    }

    #[test]
    fn the_demos_own_configuration_and_rules_have_no_problems() {
        let given = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(Some(given.path())).expect("the folder");
        folder.write(&addresses()).expect("files");
        let loaded = config::load(&folder.configuration(), &Environment::default(), &[]);
        let config = loaded
            .config
            .unwrap_or_else(|| panic!("{:#?}", loaded.problems));
        let proxy = config.proxy.expect("a proxy");
        assert_eq!(proxy.listeners.len(), 2);
    }
}
