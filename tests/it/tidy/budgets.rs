//! Sizes: a file that can be read in one sitting, a function that fits on a screen.

use super::source::{Source, product};

const FILE_LINES: usize = 500;
const MAIN_LINES: usize = 40;
const FUNCTION_LINES: usize = 70;

/// Lines that hold product code, documentation included; `#[cfg(test)]` modules at the end of a
/// file do not count.
fn product_lines(source: &Source) -> usize {
    let end = source.text.find("\n#[cfg(test)]\nmod ");
    let text = end.map_or(source.text.as_str(), |at| &source.text[..at]);
    text.lines().count()
}

fn too_long(source: &Source) -> Option<String> {
    let limit = if source.path == "src/main.rs" {
        MAIN_LINES
    } else {
        FILE_LINES
    };
    let lines = product_lines(source);
    (lines > limit).then(|| format!("{}: {lines} lines, {limit} at most", source.path))
}

/// Functions whose body has more lines of code than the budget: blank lines and comments are not
/// code.
fn long_functions(source: &Source) -> Vec<String> {
    let words = &source.words;
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word.text != "fn" {
            continue;
        }
        let name = words.get(at + 1).map_or("", |word| word.text.as_str());
        let lines = body_lines(&words[at..]);
        if lines > FUNCTION_LINES {
            found.push(format!(
                "{}:{}: fn {name}: {lines} lines",
                source.path, word.line
            ));
        }
    }
    found
}

/// Distinct lines with code inside the braces of the function that starts here; 0 where it has no
/// body.
fn body_lines(words: &[super::source::Word]) -> usize {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    let mut lines = Vec::new();
    for word in words {
        match word.text.as_str() {
            "[" => brackets += 1,
            "]" => brackets = brackets.saturating_sub(1),
            ";" if depth == 0 && brackets == 0 => return 0,
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
        if depth > 0 {
            lines.push(word.line);
        }
    }
    lines.dedup();
    lines.len().saturating_sub(1)
}

#[test]
fn every_file_keeps_its_budget() {
    let wrong: Vec<String> = product().iter().filter_map(too_long).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_keeps_its_budget() {
    let wrong: Vec<String> = product().iter().flat_map(long_functions).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_budget_scans_find_bad_samples() {
    let long = "let x = 1;\n".repeat(FUNCTION_LINES + 1);
    let function = Source::new("src/web/x.rs", &format!("fn f() {{\n{long}}}\n"));
    assert_eq!(long_functions(&function).len(), 1);
    let file = Source::new("src/web/x.rs", &"// a line\n".repeat(FILE_LINES + 1));
    assert!(too_long(&file).is_some());
    let body = "// why\n\n".repeat(FUNCTION_LINES);
    let commented = Source::new("src/web/x.rs", &format!("fn f() {{\n{body}}}\n"));
    assert_eq!(long_functions(&commented), Vec::<String>::new());
}
