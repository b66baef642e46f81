//! The operator's templates: `courier.templates` and the folder of `template_override_path`.

use std::path::{Path, PathBuf};

use super::super::linked::{fetch, name_of};
use super::super::refuse;
use crate::courier::{Overrides, Part, Template, TemplateLanguage};
use crate::document::{Fields, Node, Place, Problem, Reading, Source};

/// Ends of file names, and what is written in such files.
const LANGUAGES: [(&str, TemplateLanguage); 2] = [
    ("gotmpl", TemplateLanguage::Go),
    ("jinja", TemplateLanguage::Jinja),
];

pub(super) fn read(section: &mut Fields<'_, '_>) -> Overrides {
    let mut overrides = Overrides::default();
    let folder: Option<PathBuf> = section.get("template_override_path");
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        if folder.is_dir() {
            read_folder(&folder, section.reading(), &mut overrides);
        } else {
            let message = "there is no such folder";
            refuse(section, "template_override_path", message, None);
        }
    }
    let schema = serde_json::json!({"type": "object"});
    if let Some(named) = section.raw("templates", schema) {
        read_named(named, section.reading(), &mut overrides);
    }
    overrides
}

/// `recovery_code_valid` as folders and keys have it: `recovery_code`, `valid`.
fn path_of(template: Template) -> (&'static str, Option<&'static str>) {
    let name = template.as_str();
    for kind in ["valid", "invalid"] {
        let base = name.strip_suffix(kind);
        if let Some(base) = base.and_then(|base| base.strip_suffix('_')) {
            return (base, Some(kind));
        }
    }
    (name, None)
}

fn read_folder(folder: &Path, reading: &mut Reading, overrides: &mut Overrides) {
    for template in Template::ALL {
        let (base, kind) = path_of(template);
        let mut place = folder.join(base);
        place.extend(kind);
        for part in Part::ALL {
            for (end, language) in LANGUAGES {
                let file = place.join(format!("{}.{end}", part.file_stem()));
                if !file.exists() {
                    continue;
                }
                let name = file.display().to_string();
                match fetch(&name, Path::new("")) {
                    Ok(source) => {
                        let text = Source::new(&name, &source);
                        let added = overrides.add(template, part, language, &source);
                        if let Err(flaw) = added {
                            let at = Place::new(&text, flaw.line, 1, 1);
                            let told = flaw.message;
                            reading.problem(Problem::at(&at, "invalid_template", told));
                        }
                    }
                    Err(why) => {
                        let problem = Problem::with_file(&name, "unreadable", why);
                        reading.problem(problem);
                    }
                }
            }
        }
    }
}

/// The keys of a template, each with the part that it is about.
const KEYS: [(&[&str], Part); 4] = [
    (&["email", "subject"], Part::Subject),
    (&["email", "body", "plaintext"], Part::Plain),
    (&["email", "body", "html"], Part::Html),
    (&["sms", "body", "plaintext"], Part::Sms),
];

fn read_named(named: &Node, reading: &mut Reading, overrides: &mut Overrides) {
    refuse_unknown(named, &Template::ALL.map(|one| path_of(one).0), reading);
    for template in Template::ALL {
        let (base, kind) = path_of(template);
        let Some(mut node) = named.find(base) else {
            continue;
        };
        if let Some(kind) = kind {
            refuse_unknown(node, &["valid", "invalid"], reading);
            let Some(inner) = node.find(kind) else {
                continue;
            };
            node = inner;
        }
        refuse_unknown(node, &["email", "sms"], reading);
        for (path, part) in KEYS {
            let found = path.iter().try_fold(node, |node, key| node.find(key));
            if let Some(found) = found {
                add_named(found, template, part, reading, overrides);
            }
        }
    }
}

fn refuse_unknown(node: &Node, known: &[&str], reading: &mut Reading) {
    for entry in node.as_map().unwrap_or_default() {
        if !known.contains(&&*entry.key.text) {
            let message = format!("there is no mail template `{}`", entry.key.text);
            reading.problem(Problem::at(&entry.key.place, "unknown_key", message));
        }
    }
}

fn add_named(
    node: &Node,
    template: Template,
    part: Part,
    reading: &mut Reading,
    overrides: &mut Overrides,
) {
    let Some(url) = node.as_scalar().map(|scalar| &*scalar.text) else {
        let message = "a template is named by a file:// or base64:// URL";
        reading.problem(Problem::at(&node.place, "wrong_type", message));
        return;
    };
    let source = match fetch(url, &reading.folder) {
        Ok(source) => source,
        Err(why) => {
            let message = format!("the mail template: {why}");
            reading.problem(Problem::at(&node.place, "invalid_value", message));
            return;
        }
    };
    let is_jinja = url.ends_with(".jinja");
    let language = if is_jinja {
        TemplateLanguage::Jinja
    } else {
        TemplateLanguage::Go
    };
    if let Err(flaw) = overrides.add(template, part, language, &source) {
        let text = Source::new(&name_of(url, &reading.folder), &source);
        let at = Place::new(&text, flaw.line, 1, 1);
        let problem = Problem::at(&at, "invalid_template", flaw.message);
        reading.problem(problem.related(&node.place, "the template is named here"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::kratos_format::{Form, read};
    use crate::document::{Problems, parse};

    fn problems(text: &str, folder: &Path) -> Vec<String> {
        let mut parsing = Problems::new();
        let tree = parse(&Source::new("kratos.yml", text), &mut parsing).unwrap();
        let mut reading = Reading::in_folder(folder);
        read(&tree, Form::Embedded { in_file: false }, &mut reading);
        let told = reading.problems.iter();
        told.map(|one| format!("{one:?}")).collect()
    }

    #[test]
    fn a_broken_file_in_the_folder_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("recovery_code/valid");
        std::fs::create_dir_all(&place).unwrap();
        let file = place.join("email.subject.gotmpl");
        let path = folder.path().display();
        let text = format!("courier: {{ template_override_path: {path} }}");
        std::fs::write(&file, "{{ .RecoveryCode }} is it").unwrap();
        assert_eq!(problems(&text, folder.path()), Vec::<String>::new());
        std::fs::write(&file, "\n\n{{ .RecoveryCode").unwrap();
        let told = problems(&text, folder.path());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("email.subject.gotmpl"), "{told:?}");
        assert!(told[0].contains("line: 3"), "{told:?}");
    }
}
