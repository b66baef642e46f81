//! `init`: a starter configuration.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use url::Url;

use super::arguments::InitArguments;
use super::{Ending, output};

/// The starter is the repository's own: what is read there is what `init` writes.
const CONFIGURATION: &str = include_str!("../../stepgate.yaml");
const RULES: &str = include_str!("../../rules/app.yaml");
const CERTIFICATES: &str = include_str!("../../certs/README.md");

/// What `init` asks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answers {
    application: String,
    public_url: String,
    /// `None`: the embedded service.
    kratos: Option<String>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            application: "http://127.0.0.1:8080".to_owned(),
            public_url: "http://localhost:4455".to_owned(),
            kratos: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("{} is there already; --force replaces it", .0.display())]
    Exists(PathBuf),
    #[error("{} can't be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the answers can't be read")]
    Ask(#[source] io::Error),
    #[error("`{0}` is no http or https URL")]
    NoUrl(String),
    #[error("the system gives no random numbers")]
    Random,
}

pub(super) fn run(arguments: &InitArguments) -> Ending {
    let asked = match arguments.yes {
        true => Ok(Answers::default()),
        false => ask(),
    };
    let written = asked.and_then(|answers| {
        let files = files(&answers, &random_token()?)?;
        write_all(&arguments.directory, &files, arguments.force)?;
        Ok(next_steps(&answers, &arguments.directory))
    });
    match written {
        Ok(told) => {
            output::tell(&told);
            Ending::Well
        }
        Err(error) => {
            output::failure(&error);
            match error {
                InitError::NoUrl(_) => Ending::Invalid,
                InitError::Exists(_)
                | InitError::Write { .. }
                | InitError::Ask(_)
                | InitError::Random => Ending::Failed,
            }
        }
    }
}

fn ask() -> Result<Answers, InitError> {
    let default = Answers::default();
    let application = question("Where does your application listen?", &default.application)?;
    let public_url = question("What address will people type?", &default.public_url)?;
    let kratos = question(
        "A running Ory Kratos to use (URL), or `embedded`?",
        "embedded",
    )?;
    Ok(Answers {
        application,
        public_url,
        kratos: (kratos != "embedded").then_some(kratos),
    })
}

fn question(text: &str, default: &str) -> Result<String, InitError> {
    output::complain(&format!("{text} [{default}] "));
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(InitError::Ask)?;
    if !io::stdin().is_terminal() {
        output::complain("\n");
    }
    let answer = line.trim();
    Ok(match answer.is_empty() {
        true => default.to_owned(),
        false => answer.to_owned(),
    })
}

fn web_url(text: &str) -> Result<Url, InitError> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| InitError::NoUrl(text.to_owned()))
}

/// Each file's path and content.
fn files(answers: &Answers, token: &str) -> Result<[(&'static str, String); 3], InitError> {
    let application = web_url(&answers.application)?;
    let rules = RULES.replace("http://127.0.0.1:8080", origin(&application).as_str());
    let configuration = configuration(answers, token)?;
    Ok([
        ("stepgate.yaml", configuration),
        ("rules/app.yaml", rules),
        ("certs/README.md", CERTIFICATES.to_owned()),
    ])
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn configuration(answers: &Answers, token: &str) -> Result<String, InitError> {
    let mut text = CONFIGURATION.replace("token: null", &format!("token: {token}"));
    let public = web_url(&answers.public_url)?;
    let https = public.scheme() == "https";
    if answers.public_url != Answers::default().public_url {
        let commented = "# public_url: https://bank.example.com";
        text = text.replace(commented, &format!("public_url: {}", origin(&public)));
        text = text.replace("  listen: 127.0.0.1:4455\n", &listen(&public));
    }
    if let Some(kratos) = &answers.kratos {
        let section = external(&web_url(kratos)?);
        text = with_identity(&text, &section);
    } else if https {
        // The prefix makes browsers refuse such a cookie from http and from other hosts.
        let cookie = "        cookie: { name: __Host-stepgate_session }\n";
        let lifespan = "        lifespan: 24h\n";
        text = text.replace(lifespan, &format!("{lifespan}{cookie}"));
    }
    Ok(text)
}

fn listen(public: &Url) -> String {
    let port = public.port_or_known_default().unwrap_or(4455);
    let local = matches!(public.host_str(), Some("localhost" | "127.0.0.1"));
    let address = if local { "127.0.0.1" } else { "0.0.0.0" };
    match public.scheme() {
        "https" => format!(
            "  listen:\n    - address: {address}:{port}\n      \
             tls: {{ certificates: [{{ cert: certs/dev.crt, key: certs/dev.key }}] }}\n"
        ),
        _ => format!("  listen: {address}:{port}\n"),
    }
}

fn external(kratos: &Url) -> String {
    let mut section = "identity:\n  # A running Ory Kratos.\n  external:\n".to_owned();
    let url = kratos.as_str().trim_end_matches('/');
    // Writing to a `String` can't fail.
    let _ok = writeln!(section, "    public_url: {url}");
    section.push_str("    # Its public API on the application's own host, so that its cookies are first-party.\n");
    section.push_str("    mount: /auth\n\n");
    section
}

/// The text with its section `identity` replaced.
fn with_identity(text: &str, section: &str) -> String {
    let parts = text
        .split_once("identity:\n  # ")
        .and_then(|(before, rest)| {
            let (_, after) = rest.split_once("\n\n")?;
            Some(format!("{before}{section}{after}"))
        });
    parts.unwrap_or_else(|| text.to_owned())
}

/// 256 random bits.
fn random_token() -> Result<String, InitError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| InitError::Random)?;
    let mut token = String::with_capacity(64);
    for byte in bytes {
        let _ok = write!(token, "{byte:02x}");
    }
    Ok(token)
}

/// Writes all files or, when one is there already, none.
fn write_all(folder: &Path, files: &[(&str, String)], force: bool) -> Result<(), InitError> {
    for (name, _) in files {
        let path = folder.join(name);
        if !force && path.exists() {
            return Err(InitError::Exists(path));
        }
    }
    for (name, content) in files {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| write(&path, content))
            .map_err(|source| InitError::Write { path, source })?;
    }
    Ok(())
}

fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if path.extension().is_some_and(|ending| ending == "yaml") {
        use std::os::unix::fs::OpenOptionsExt as _;
        // The configuration holds the admin token.
        options.mode(0o600);
    }
    options.open(path)?.write_all(content.as_bytes())
}

fn next_steps(answers: &Answers, folder: &Path) -> String {
    let folder = folder.display();
    let mut text =
        format!("wrote stepgate.yaml, rules/app.yaml and certs/README.md in {folder}\n\n");
    text.push_str("Next:\n");
    if answers.public_url.starts_with("https:") {
        text.push_str(
            "  stepgate certs dev      a certificate for development, or put your own there\n",
        );
    }
    text.push_str("  stepgate check          find problems\n");
    text.push_str("  stepgate serve          run it\n");
    let _ok = writeln!(text, "  {}   see it", answers.public_url);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(answers: &Answers) -> String {
        let [(_, configuration), ..] = files(answers, "t").unwrap();
        configuration
    }

    #[test]
    fn without_questions_the_starter_of_the_repository_is_written() {
        let [(_, configuration), (_, rules), _] = files(&Answers::default(), "0123").unwrap();
        assert_eq!(
            configuration.replace("token: 0123", "token: null"),
            CONFIGURATION
        );
        assert_eq!(rules, RULES);
        assert!(configuration.contains("  token: 0123\n"));
    }

    #[test]
    fn an_https_address_gets_a_certificate_and_a_host_bound_cookie() {
        let answers = Answers {
            public_url: "https://bank.example.com".to_owned(),
            ..Answers::default()
        };
        let text = written(&answers);
        assert!(text.contains("  public_url: https://bank.example.com\n"));
        assert!(text.contains("    - address: 0.0.0.0:443\n      tls: { certificates: [{ cert: "));
        assert!(text.contains("cookie: { name: __Host-stepgate_session }"));
    }

    #[test]
    fn a_running_kratos_takes_the_place_of_the_embedded_service() {
        let answers = Answers {
            kratos: Some("http://127.0.0.1:4433/".to_owned()),
            ..Answers::default()
        };
        let text = written(&answers);
        assert!(text.contains("  external:\n    public_url: http://127.0.0.1:4433\n"));
        assert!(!text.contains("embedded:"));
        assert!(text.contains("# What applications get to know"));
    }

    #[test]
    fn an_answer_that_is_no_url_is_refused() {
        for wrong in ["localhost:8080", "ftp://x", "", "http://"] {
            let answers = Answers {
                application: wrong.to_owned(),
                ..Answers::default()
            };
            assert!(
                matches!(files(&answers, "t"), Err(InitError::NoUrl(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
