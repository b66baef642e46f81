//! One of each page, as the doors would fill it in.

use super::*;
use crate::contract::{InputKind, Label, Message, Node, NodeGroup, NodeKind, Ui};

pub(super) fn account() -> Option<Account> {
    Some(Account {
        name: "maria@example.com".to_owned(),
        logout_url: "/auth/logout".to_owned(),
    })
}

fn ui(nodes: Vec<Node>, messages: Vec<Message>) -> Ui {
    let token = Node::input(NodeGroup::Default, "csrf_token", InputKind::Hidden).value("token");
    Ui {
        action: "http://localhost:4455/auth/self-service/login?flow=f".to_owned(),
        method: "POST".to_owned(),
        nodes: std::iter::once(token).chain(nodes).collect(),
        messages,
    }
}

fn label(id: u32, text: &str) -> Message {
    Message::info(id, text)
}

fn field(group: NodeGroup, name: &str, kind: InputKind, label: Message) -> Node {
    Node::input(group, name, kind).required().label(label)
}

fn with_error(mut node: Node, error: Message) -> Node {
    node.messages.push(error);
    node
}

fn password(label_id: u32, button: u32) -> Vec<Node> {
    vec![
        field(
            NodeGroup::Password,
            "password",
            InputKind::Password,
            label(label_id, "Password"),
        ),
        Node::method(NodeGroup::Password, "password", label(button, "Save")),
    ]
}

fn totp_code(group: NodeGroup) -> Vec<Node> {
    vec![
        field(
            group,
            "totp_code",
            InputKind::Text,
            label(1_010_006, "Code"),
        ),
        Node::method(group, "totp", label(1_010_009, "Use it")),
    ]
}

fn login(form: Ui, step: LoginStep) -> LoginPage {
    LoginPage {
        form,
        step,
        account: (step != LoginStep::First).then(account).flatten(),
        purpose: None,
        registration_url: Some("/auth/self-service/registration/browser".to_owned()),
        recovery_url: Some("/auth/self-service/recovery/browser".to_owned()),
        preferred: None,
        settings_url: Some("/auth/self-service/settings/browser".to_owned()),
    }
}

fn identifier() -> Node {
    field(
        NodeGroup::Default,
        "identifier",
        InputKind::Text,
        label(1_070_002, "E-Mail"),
    )
}

fn first_login(messages: Vec<Message>) -> Page {
    let mut nodes = vec![identifier()];
    nodes.extend(password(1_070_001, 1_010_022));
    if !messages.is_empty() {
        nodes[0].set_value(Some("maria@example.com".into()));
    }
    Page::Login(Box::new(login(ui(nodes, messages), LoginStep::First)))
}

fn second_step(purpose: bool) -> Page {
    let lookup = vec![
        field(
            NodeGroup::LookupSecret,
            "lookup_secret",
            InputKind::Text,
            label(1_010_007, "Backup code"),
        ),
        Node::method(
            NodeGroup::LookupSecret,
            "lookup_secret",
            label(1_010_010, "Use it"),
        ),
    ];
    let mut nodes = totp_code(NodeGroup::Totp);
    nodes.extend(lookup);
    let told = vec![Message::info(
        1_010_004,
        "Confirm it with your second factor.",
    )];
    let mut page = login(ui(nodes, told), LoginStep::Second);
    page.purpose = purpose.then(|| "Money leaves the bank here.".to_owned());
    Page::Login(Box::new(page))
}

fn registration(wrong: bool) -> Page {
    let mut email = field(
        NodeGroup::Default,
        "traits.email",
        InputKind::Email,
        label(1_070_002, "E-Mail"),
    );
    let mut name = field(
        NodeGroup::Default,
        "traits.name",
        InputKind::Text,
        label(1_070_002, "Name"),
    );
    let mut rest = password(1_070_001, 1_040_001);
    let news = Node::input(NodeGroup::Default, "traits.news", InputKind::Checkbox)
        .label(label(1_070_002, "Send me the yearly letter"));
    if wrong {
        email = with_error(
            email.value("maria@"),
            Message::error(4_000_040, "Not an address."),
        );
        name = name.value("Maria Musterfrau");
        let short = Message::error(4_000_032, "Too short.")
            .with(serde_json::json!({ "min_length": 8, "actual_length": 3 }));
        rest[0].messages.push(short);
    }
    let nodes = [vec![email, name, news], rest].concat();
    Page::Registration(Box::new(RegistrationPage {
        form: ui(nodes, Vec::new()),
        login_url: "/auth/self-service/login/browser".to_owned(),
    }))
}

fn settings(enrolled: bool, enrolment: Option<Enrolment>, messages: Vec<Message>) -> Page {
    let mut nodes = vec![
        field(
            NodeGroup::Profile,
            "traits.email",
            InputKind::Email,
            label(1_070_002, "E-Mail"),
        )
        .value("maria@example.com"),
        field(
            NodeGroup::Profile,
            "traits.name",
            InputKind::Text,
            label(1_070_002, "Name"),
        )
        .value("Maria Musterfrau"),
        Node::method(NodeGroup::Profile, "profile", label(1_070_003, "Save")),
    ];
    nodes.extend(password(1_070_001, 1_070_003));
    if enrolled {
        nodes.push(
            Node::input(NodeGroup::Totp, "totp_unlink", InputKind::Submit)
                .value("true")
                .label(label(1_050_004, "Unlink")),
        );
    } else {
        nodes.push(Node::image(NodeGroup::Totp, "totp_qr", QR.to_owned(), 256));
        let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
        nodes.push(Node {
            kind: NodeKind::Text,
            meta: Label {
                label: Some(label(1_050_017, "Secret")),
            },
            ..Node::text(
                NodeGroup::Totp,
                "totp_secret_key",
                Message::info(1_050_006, secret),
            )
        });
        nodes.extend(totp_code(NodeGroup::Totp));
    }
    Page::Settings(Box::new(SettingsPage {
        form: ui(nodes, messages),
        account: account(),
        enrolment,
        codes_left: None,
        sessions_url: Some("/auth/sessions".to_owned()),
        return_to: Some("http://localhost:4455/transfer".to_owned()),
    }))
}

/// Stands for a QR code.
const QR: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'\
    %3E%3Cpath d='M0 0h2v2H0zM2 2h2v2H2z'/%3E%3C/svg%3E";

fn sessions() -> Page {
    let row = |id: &str, current, agent: Option<&str>| SessionRow {
        id: id.to_owned(),
        current,
        user_agent: agent.map(str::to_owned),
        ip_address: Some("192.0.2.7".to_owned()),
        authenticated_at: jiff::Timestamp::from_second(1_795_299_360).expect("a time"),
        two_factors: current,
    };
    Page::Sessions(SessionsPage {
        account: account(),
        action: "/auth/sessions".to_owned(),
        csrf_token: "token".to_owned(),
        rows: vec![
            row(
                "1",
                true,
                Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
            ),
            row(
                "2",
                false,
                Some("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604.1"),
            ),
            row("3", false, None),
        ],
        settings_url: Some("/auth/self-service/settings/browser".to_owned()),
    })
}

fn resume() -> Page {
    let row = |name: &str, value| ResumeRow {
        name: name.to_owned(),
        value,
    };
    let rows = vec![
        row("payee", ResumeValue::Text("Ada Lovelace".to_owned())),
        row("token", ResumeValue::Secret),
        row("receipt", ResumeValue::File("scan.pdf".to_owned(), 18_370)),
        row("photo", ResumeValue::File(String::new(), 0)),
    ];
    Page::Resume(Box::new(ResumePage {
        reason: Some("Money leaves the bank here.".to_owned()),
        destination: "localhost:4455/transfer".to_owned(),
        content: ResumeContent::Form { rows, more: 3 },
        action: "/transfer".to_owned(),
        hidden: [
            ("stepgate_resume", "id".to_owned()),
            ("stepgate_proof", "proof".to_owned()),
        ],
        back: "/transfer".to_owned(),
        account: account(),
    }))
}

fn refusal(explanation: Explanation) -> Page {
    let mut refusal = Refusal::new(explanation, 503, "01J9ZK7Q4M3V8N2X5B6C7D8E9F".to_owned());
    refusal.proceed = Some("/auth/self-service/login/browser".to_owned());
    refusal.back = Some("/transfer".to_owned());
    refusal.reason = Some("Money leaves the bank here.".to_owned());
    refusal.retry_after_seconds = Some(30);
    Page::Refusal(refusal)
}

/// Every page with a name.
fn mailbox(full: bool) -> Page {
    let written_at = jiff::Timestamp::UNIX_EPOCH;
    let subject = "Use code 482915 to recover access to your account".to_owned();
    let to = "nora@alder.example".to_owned();
    let row = MailRow {
        url: "/auth/mailbox?mail=m".to_owned(),
        subject: subject.clone(),
        to: to.clone(),
        written_at,
        is_open: true,
    };
    let open = MailView {
        subject,
        to,
        text: "Enter this code:\n\n482915".to_owned(),
        code: Some("482915".to_owned()),
        url: Some("http://localhost:4455/auth/self-service/recovery".to_owned()),
        written_at,
    };
    Page::Mailbox(MailboxPage {
        open: full.then_some(open),
        rows: if full { vec![row] } else { Vec::new() },
        url: "/auth/mailbox".to_owned(),
    })
}

pub(super) fn all() -> Vec<(String, Page)> {
    let wrong = Message::error(4_000_006, "These don't match.");
    let saved = Message::success(1_050_001, "Saved.");
    let purpose = Some("Money leaves the bank here.".to_owned());
    let again = ui(password(1_070_001, 1_010_022), Vec::new());
    let none = ui(Vec::new(), Vec::new());
    let mut pages = vec![
        ("login".to_owned(), first_login(Vec::new())),
        ("login-wrong".to_owned(), first_login(vec![wrong])),
        (
            "login-again".to_owned(),
            Page::Login(Box::new(login(again, LoginStep::FirstAgain))),
        ),
        ("login-second".to_owned(), second_step(true)),
        (
            "login-none".to_owned(),
            Page::Login(Box::new(login(none, LoginStep::Second))),
        ),
        ("registration".to_owned(), registration(false)),
        ("registration-wrong".to_owned(), registration(true)),
        ("settings".to_owned(), settings(true, None, vec![saved])),
        (
            "settings-enrol".to_owned(),
            settings(false, Some(Enrolment { purpose }), Vec::new()),
        ),
        ("sessions".to_owned(), sessions()),
        ("mailbox".to_owned(), mailbox(true)),
        ("mailbox-empty".to_owned(), mailbox(false)),
        (
            "logout".to_owned(),
            Page::Logout(LogoutPage {
                account: account(),
                action: "/auth/self-service/logout".to_owned(),
                token: "token".to_owned(),
                return_to: Some("/".to_owned()),
                cancel_url: Some("/".to_owned()),
            }),
        ),
        (
            "error-nameless".to_owned(),
            Page::Error(ErrorPage {
                code: 500,
                ..ErrorPage::default()
            }),
        ),
        (
            "error".to_owned(),
            Page::Error(ErrorPage {
                code: 403,
                id: Some("security_csrf_violation".to_owned()),
                reason: Some("The token does not match.".to_owned()),
                request_id: Some("01J9ZK7Q4M3V8N2X5B6C7D8E9F".to_owned()),
                start_again: Some("/auth/self-service/login/browser".to_owned()),
            }),
        ),
    ];
    pages.push(("resume".to_owned(), resume()));
    for explanation in Explanation::ALL {
        pages.push((format!("refusal-{explanation:?}"), refusal(explanation)));
    }
    pages
}
