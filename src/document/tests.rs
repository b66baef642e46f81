use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::*;

fn parse_text(text: &str) -> (Option<Node>, Problems) {
    let mut problems = Problems::new();
    let node = parse(&Source::new("test.yaml", text), &mut problems);
    (node, problems)
}

fn read<T: FromNode>(text: &str) -> (Option<T>, Problems) {
    let (node, mut problems) = parse_text(text);
    let mut reading = Reading::new();
    let value = node.and_then(|node| T::from_node(&node, &mut reading));
    problems.append(reading.problems);
    (value, problems)
}

fn codes(problems: &Problems) -> Vec<(u32, &'static str)> {
    problems
        .iter()
        .map(|problem| (problem.line, problem.code))
        .collect()
}

#[derive(Debug, PartialEq)]
struct Pool {
    idle: u32,
    keep: Duration,
    name: String,
}

impl FromNode for Pool {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let idle = fields.or("idle_per_worker", 64);
        let keep = fields.or("idle_timeout", Duration::from_secs(60));
        let name = fields.required("name");
        fields.close();
        Some(Self {
            idle,
            keep,
            name: name?,
        })
    }
}

#[test]
fn a_document_is_a_tree_that_knows_its_places() {
    let (node, problems) = parse_text("a: 1\nb:\n  - x\n  - \"2\"\n");
    assert!(problems.is_empty(), "{problems:?}");
    let node = node.unwrap();
    assert_eq!(
        node.to_json(),
        serde_json::json!({ "a": 1, "b": ["x", "2"] })
    );
    let item = &node.find("b").unwrap().as_list().unwrap()[1];
    assert_eq!(item.place.to_string(), "test.yaml:4:5");
    assert_eq!(item.place.width(), 3);
}

#[test]
fn all_problems_of_a_section_are_told_at_once() {
    let text = "idle_per_worker: many\nidle_timeuot: 5s\nidle_timeout: 5\nextra: 1\n";
    let (value, problems) = read::<Pool>(text);
    assert_eq!(value, None);
    let expected = [
        (1, "wrong_type"),
        (3, "wrong_type"),
        (1, "missing_key"),
        (2, "unknown_key"),
        (4, "unknown_key"),
    ];
    assert_eq!(codes(&problems), expected);
    let unknown = problems.iter().nth(3).unwrap();
    assert_eq!(
        unknown.help.as_deref(),
        Some("did you mean `idle_timeout`?")
    );
}

#[test]
fn a_duplicate_key_names_both_places() {
    let (value, problems) = read::<Pool>("name: a\nidle_per_worker: 3\nname: b\n");
    assert_eq!(value.unwrap().name, "a");
    assert_eq!(codes(&problems), [(3, "duplicate_key")]);
    let (first, _) = problems.iter().next().unwrap().related.clone().unwrap();
    assert_eq!((first.line(), first.column()), (1, 1));
}

#[test]
fn a_syntax_error_has_a_place() {
    for text in [
        "a: [1, 2\n",
        "a: 'x\n",
        "a:\n\t- x\n",
        "{",
        "a: b: c\n",
        "- a\nb: 1\n",
    ] {
        let (node, problems) = parse_text(text);
        assert_eq!(node, None, "{text:?}");
        assert_eq!(problems.len(), 1, "{text:?}");
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.code, "yaml_syntax", "{text:?}");
        assert!(problem.line >= 1 && problem.column >= 1);
    }
}

#[test]
fn a_truth_value_is_only_true_or_false() {
    for text in ["yes", "on", "True", "\"true\"", "1", "[]"] {
        let (value, problems) = read::<bool>(text);
        assert_eq!(value, None, "{text}");
        assert_eq!(problems.len(), 1, "{text}");
    }
    assert_eq!(read::<bool>("true").0, Some(true));
}

#[test]
fn durations_sizes_and_rates_need_their_units() {
    let seconds = |count| Some(Duration::from_secs(count));
    assert_eq!(
        read::<Duration>("250ms").0,
        Some(Duration::from_millis(250))
    );
    assert_eq!(read::<Duration>("24h").0, seconds(86_400));
    assert_eq!(read::<Duration>("7d").0, seconds(604_800));
    for wrong in [
        "30",
        "1.5s",
        "-1s",
        "s",
        "99999999999999999999d",
        "1 s",
        "1h30m",
    ] {
        assert_eq!(read::<Duration>(wrong).0, None, "{wrong}");
    }
    assert_eq!(read::<Size>("16KiB").0, Some(Size(16_384)));
    for wrong in ["16", "16KB", "16 KiB", "99999999999GiB"] {
        assert_eq!(read::<Size>(wrong).0, None, "{wrong}");
    }
    let rate = Rate {
        count: 10,
        per: Duration::from_secs(900),
    };
    assert_eq!(read::<Rate>("10 per 15m").0, Some(rate));
    assert_eq!(read::<Rate>("10/15m").0, None);
    assert_eq!(read::<Unlimited>("unlimited").0, Some(Unlimited(None)));
    assert_eq!(read::<Unlimited>("0").0, None);
    assert_eq!(read::<Auto>("auto").0, Some(Auto(None)));
}

#[test]
fn values_are_shown_as_they_are_written() {
    for text in ["250ms", "0s", "1s", "60s", "90s", "10m", "1h", "24h", "7d"] {
        let (value, _) = read::<Duration>(text);
        assert_eq!(value.unwrap().shown(), Some(text.into()), "{text}");
    }
    for text in ["0B", "512B", "16KiB", "8MiB", "1GiB"] {
        let (value, _) = read::<Size>(text);
        assert_eq!(value.unwrap().shown(), Some(text.into()), "{text}");
    }
}

#[test]
fn aliases_are_followed_within_bounds() {
    let (node, problems) = parse_text("a: &x { k: 1 }\nb: *x\n");
    assert!(problems.is_empty());
    assert_eq!(
        node.unwrap().find("b").unwrap().to_json(),
        serde_json::json!({ "k": 1 })
    );

    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let previous = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    let (node, problems) = parse_text(&bomb);
    assert_eq!(node, None);
    assert_eq!(problems.iter().next().unwrap().code, "yaml_alias");
    assert_eq!(parse_text("a: &x [*x]\n").0, None);
}

#[test]
fn hostile_nesting_is_refused() {
    let (node, problems) = parse_text(&"[".repeat(100_000));
    assert_eq!(node, None);
    assert_eq!(problems.len(), 1);
    let deep: String = (0..200)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert_eq!(parse_text(&deep).0, None);
}

#[test]
fn one_file_holds_one_document() {
    assert_eq!(
        codes(&parse_text("---\na: 1\n---\nb: 2\n").1),
        [(3, "yaml_syntax")]
    );
    assert!(parse_text("---\na: 1\n...\n").1.is_empty());
    assert_eq!(parse_text("").0.unwrap().value, Value::Null);
    assert_eq!(parse_text("# nothing\n").0.unwrap().value, Value::Null);
    assert_eq!(
        parse_text("\u{feff}a: 1\n")
            .0
            .unwrap()
            .find("a")
            .unwrap()
            .place
            .column(),
        4
    );
}

#[test]
fn tags_and_keys_that_are_no_text_are_problems() {
    assert_eq!(codes(&parse_text("a: !secret x\n").1), [(1, "yaml_tag")]);
    assert_eq!(codes(&parse_text("? [a]\n: 1\n").1), [(1, "yaml_key")]);
    assert_eq!(read::<String>("!!str 12").0.as_deref(), Some("12"));
    assert_eq!(read::<u32>("!!str 12").0, None);
}

#[test]
fn a_problem_is_shown_as_rustc_shows_it() {
    let (_, problems) = read::<Pool>("name: a\nidle_timeuot: 5s\nname: b\n");
    insta::assert_snapshot!(to_text(&problems, Rendering::Plain), @r"
    error[duplicate_key]: key `name` is given twice
     --> test.yaml:3:1
      |
    3 | name: b
      | ^^^^
      note: first given here
     --> test.yaml:1:1
      |
    1 | name: a
      | ^^^^
      = help: keep one of the two

    error[unknown_key]: unknown key `idle_timeuot`
     --> test.yaml:2:1
      |
    2 | idle_timeuot: 5s
      | ^^^^^^^^^^^^
      = help: did you mean `idle_timeout`?

    error: 2 problems found
    ");
    assert!(to_text(&problems, Rendering::Styled).contains("\u{1b}["));
}

#[test]
fn a_long_line_is_cut_around_the_mark() {
    let text = format!(
        "a: [{}, \u{1b}[31m]\nb: !x {}\n",
        "1, ".repeat(100),
        "y".repeat(300)
    );
    let (_, problems) = parse_text(&text);
    let shown = to_text(&problems, Rendering::Plain);
    assert!(
        shown.lines().all(|line| line.chars().count() < 140),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn problems_are_machine_readable() {
    let (_, problems) = read::<Pool>("nam: a\n");
    let json = to_json(&problems);
    assert_eq!(json["problems"][1]["code"], "unknown_key");
    assert_eq!(json["problems"][1]["help"], "did you mean `name`?");
    assert_eq!(json["problems"][1]["line"], 1);
}

#[test]
fn effective_values_name_their_origin() {
    let (node, _) = parse_text("name: a\nidle_timeout: 5s\n");
    let mut reading = Reading::new();
    Pool::from_node(&node.unwrap(), &mut reading).unwrap();
    let shown: Vec<String> = reading
        .settings()
        .iter()
        .map(|setting| match &setting.origin {
            Origin::Default => format!("{}={} default", setting.path, setting.value),
            Origin::Written(place) => format!("{}={} {place}", setting.path, setting.value),
        })
        .collect();
    let expected = [
        "idle_per_worker=64 default",
        "idle_timeout=\"5s\" test.yaml:2:15",
        "name=\"a\" test.yaml:1:7",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_schema_is_found_by_reading() {
    let schema = schema_of::<Pool>();
    assert_eq!(schema["required"], serde_json::json!(["name"]));
    assert_eq!(schema["properties"]["idle_timeout"]["default"], "60s");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        <BTreeMap<String, Pool>>::schema()["additionalProperties"],
        schema
    );
}

fn substituted(text: &str) -> (Node, Problems) {
    let (node, mut problems) = parse_text(text);
    let mut node = node.unwrap();
    let variable = |name: &str| match name {
        "PORT" => Some("4455".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let around = Surroundings {
        variable: &variable,
        folder: Path::new("/nonexistent"),
    };
    substitute(&mut node, &around, &mut problems);
    (node, problems)
}

#[test]
fn values_are_filled_in_from_the_environment() {
    let cases = [
        ("${PORT}", "4455"),
        ("127.0.0.1:${PORT}", "127.0.0.1:4455"),
        ("${NOBODY:-x}", "x"),
        ("${NOBODY:-}", ""),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY}", ""),
        ("a $${PORT} $ {} b", "a ${PORT} $ {} b"),
        ("${PORT}${PORT}", "44554455"),
    ];
    for (text, expected) in cases {
        let (node, problems) = substituted(&format!("a: '{text}'\n"));
        assert!(problems.is_empty(), "{text}: {problems:?}");
        assert_eq!(
            &*node.find("a").unwrap().as_scalar().unwrap().text,
            expected,
            "{text}"
        );
    }
    let (node, _) = substituted("a: ${PORT}\n");
    let mut reading = Reading::new();
    assert_eq!(
        u32::from_node(node.find("a").unwrap(), &mut reading),
        Some(4455)
    );
}

#[test]
fn what_can_not_be_filled_in_is_a_problem() {
    for text in [
        "${NOBODY}",
        "${}",
        "${a b}",
        "${PORT",
        "${file:nothing.txt}",
    ] {
        let (_, problems) = substituted(&format!("a: '{text}'\n"));
        assert_eq!(codes(&problems), [(1, "substitution")], "{text}");
    }
}

#[test]
fn a_value_from_outside_is_not_shown_in_a_problem() {
    let (node, _) = substituted("a: ${PORT}\n");
    let mut reading = Reading::new();
    assert_eq!(bool::from_node(node.find("a").unwrap(), &mut reading), None);
    let shown = to_text(&reading.problems, Rendering::Plain);
    assert!(!shown.contains("4455"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics(text in "[ -~\\n\\t\u{e4}\u{2028}]{0,80}") {
        let (node, problems) = parse_text(&text);
        proptest::prop_assert!(node.is_some() || !problems.is_empty());
        let _shown = to_text(&problems, Rendering::Styled);
    }

    #[test]
    fn reading_yaml_like_text_never_panics(
        text in "((name|idle_per_worker|- |  |\\$\\{|\\}|\\{|\\[|:|&a |\\*a |\n|5s|\"|'|!!str ){0,30})"
    ) {
        let (_, problems) = read::<Pool>(&text);
        let _shown = to_json(&problems);
    }
}
