use rstest::rstest;
use serde_json::json;

use super::*;

fn rendered(language: TemplateLanguage, part: Part, source: &str) -> String {
    let mut overrides = Overrides::default();
    let template = Template::RecoveryCodeValid;
    overrides.add(template, part, language, source).unwrap();
    let values = json!({
        "to": "ada@example.com",
        "recovery_code": "482915",
        "identity": { "traits": { "name": "Ada <b>", "tags": ["x", "y"] } },
    });
    let values = values.as_object().unwrap();
    overrides
        .render(template, part, Locale::German, values)
        .unwrap()
}

fn go(source: &str) -> String {
    rendered(TemplateLanguage::Go, Part::Plain, source)
}

#[rstest]
#[case(
    "Code {{ .RecoveryCode }} for {{.To}}",
    "Code 482915 for ada@example.com"
)]
#[case("{{ .Identity.traits.name }}", "Ada <b>")]
#[case("{{ .Missing.deeper }}!", "!")]
#[case("a {{- /* no\nword */ -}} b", "ab")]
#[case("a\n{{- \"x\" -}}\n b", "axb")]
#[case("{{ if .RecoveryCode }}yes{{ else }}no{{ end }}", "yes")]
#[case(
    "{{ if .Nothing }}a{{ else if eq .lang \"de\" \"at\" }}b{{ else }}c{{ end }}",
    "b"
)]
#[case("{{ if and .To (not .Nothing) }}both{{ end }}", "both")]
#[case(
    "{{ range .Identity.traits.tags }}<{{ . }} {{ $.To }}>{{ end }}",
    "<x ada@example.com><y ada@example.com>"
)]
#[case(
    "{{ with .Identity.traits }}{{ .name }}{{ else }}none{{ end }}",
    "Ada <b>"
)]
#[case("{{ with .Nothing }}{{ .name }}{{ else }}none{{ end }}", "none")]
#[case(
    "{{ define \"de-DE\" }}Hallo {{ .To }}{{ end }}{{ template \"de-DE\" . }}",
    "Hallo ada@example.com"
)]
#[case("{{ $code := .RecoveryCode }}{{ $code }}", "482915")]
#[case(
    "{{ .To | upper }} {{ default \"x\" .Nothing }} {{ len .RecoveryCode }}",
    "ADA@EXAMPLE.COM x 6"
)]
#[case("{{ index .Identity.traits.tags 1 }}", "y")]
#[case(
    "{{ \"quote \\\" and `tick`\" }} {{ `raw \\n` }}",
    "quote \" and `tick` raw \\n"
)]
#[case("a{%b{#c", "a{%b{#c")]
fn templates_of_a_kratos_say_what_they_said_there(#[case] source: &str, #[case] said: &str) {
    assert_eq!(go(source), said);
}

#[test]
fn jinja_has_the_values_by_kratos_names_and_the_language() {
    let source = "{% if lang == 'de' %}{{ recovery_code }} {{ identity.traits.name }}{% endif %}";
    let said = rendered(TemplateLanguage::Jinja, Part::Sms, source);
    assert_eq!(said, "482915 Ada <b>");
}

#[test]
fn values_are_escaped_in_html_whatever_the_language() {
    for (language, source) in [
        (TemplateLanguage::Go, "<p>{{ .Identity.traits.name }}</p>"),
        (TemplateLanguage::Jinja, "<p>{{ identity.traits.name }}</p>"),
    ] {
        let said = rendered(language, Part::Html, source);
        assert_eq!(said, "<p>Ada &lt;b&gt;</p>");
    }
}

#[rstest]
#[case(TemplateLanguage::Go, "a\nb {{ .To", 2)]
#[case(TemplateLanguage::Go, "\n{{ if .To }}\n\nx", 2)]
#[case(TemplateLanguage::Go, "\n{{ nonsense .To }}", 2)]
#[case(TemplateLanguage::Go, "{{ end }}", 1)]
#[case(TemplateLanguage::Go, "\n\n{{ .To | }}", 3)]
#[case(TemplateLanguage::Go, "{{ block \"x\" . }}{{ end }}", 1)]
#[case(TemplateLanguage::Go, "{{}}", 1)]
#[case(TemplateLanguage::Jinja, "a\n{{ to", 2)]
#[case(TemplateLanguage::Jinja, "a\n\n{{ to|nonsense }}", 3)]
#[case(TemplateLanguage::Jinja, "{% include 'other' %}", 1)]
fn a_broken_template_is_told_with_its_line(
    #[case] language: TemplateLanguage,
    #[case] source: &str,
    #[case] line: u32,
) {
    let mut overrides = Overrides::default();
    let added = overrides.add(Template::LoginCodeValid, Part::Plain, language, source);
    assert_eq!(added.unwrap_err().line, line);
}

#[test]
fn fields_have_the_names_that_go_gave_them() {
    assert_eq!(go_name("recovery_url"), "RecoveryURL");
    assert_eq!(go_name("expires_in_minutes"), "ExpiresInMinutes");
    assert_eq!(go_name("to"), "To");
}
