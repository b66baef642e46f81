//! A look into `multipart/form-data`, for showing what is in it. What is sent is never taken apart.

use memchr::memmem;

use super::ShownField;
use super::shown::{field, file};

/// Bytes of one part's head that are looked at.
const MAX_HEAD: usize = 8 * 1024;

/// The fields of a form; `None` where it is not built as one.
pub(super) fn fields(content_type: &str, body: &[u8]) -> Option<Vec<ShownField>> {
    let boundary = parameter(content_type, "boundary").filter(|it| !it.is_empty())?;
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut rest = body.strip_prefix(&*delimiter)?;
    let next = [b"\r\n", &*delimiter].concat();
    let finder = memmem::Finder::new(&next);
    let mut fields = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(fields);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = finder.find(rest)?;
        let (part, after) = rest.split_at_checked(end)?;
        fields.push(read_part(part)?);
        rest = after.strip_prefix(&*next)?;
    }
}

fn read_part(part: &[u8]) -> Option<ShownField> {
    let start = part.get(..MAX_HEAD.min(part.len()))?;
    let end = memmem::find(start, b"\r\n\r\n")?;
    let (head, content) = part.split_at_checked(end)?;
    let content = content.strip_prefix(b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let name = parameter(disposition, "name").unwrap_or_default();
    match parameter(disposition, "filename") {
        Some(given) => Some(file(&name, &given, content.len())),
        None => Some(field(&name, &String::from_utf8_lossy(content))),
    }
}

/// The value of a parameter, quoted or not. Browsers write `"` in a name as `%22`.
fn parameter(line: &str, wanted: &str) -> Option<String> {
    let mut rest = line;
    while let Some((_, after)) = rest.split_once(';') {
        let (name, value) = after.split_once('=')?;
        let found = name.trim().eq_ignore_ascii_case(wanted);
        let value = value.trim_start();
        let (text, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => match value.find(';') {
                Some(end) => value.split_at_checked(end)?,
                None => (value.trim_end(), ""),
            },
        };
        if found {
            return Some(text.replace("%22", "\""));
        }
        rest = behind;
    }
    None
}
