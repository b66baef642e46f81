//! What the ten lines that a page begins with have to do. They are no whole configuration, so the
//! whole table would be too much for them.

use jiff::Timestamp;

use super::case::{Case, case};
use super::compare::observe;
use super::{Front, start};

/// Starts `front` and asks it what somebody would who tries it out.
pub(super) fn run(front: &dyn Front) {
    let Some((world, started)) = start(front, Timestamp::now()) else {
        return;
    };
    for case in cases() {
        let seen = observe(&case, 1, started.address, &world);
        if let Err(why) = seen.is(&case.want) {
            let (name, log) = (front.name(), started.log());
            panic!("{name}: {}: {why}: {seen:#?}\n{log}", case.name);
        }
    }
    let target = "/auth/self-service/login/browser";
    let login = case("login", "GET", target).browser();
    let login = observe(&login, 1, started.address, &world);
    assert_eq!(login.status, 200, "{}: {login:#?}", front.name());
}

fn cases() -> Vec<Case> {
    vec![
        case("public", "GET", "/public/a?b=c"),
        case("a browser without a session", "GET", "/account/a")
            .browser()
            .sent("return_to=http%3A%2F%2Fapp.test%2Faccount%2Fa"),
        case("a program without a session", "GET", "/account/a")
            .program()
            .refused(401, "session_required"),
        case("a forged name", "GET", "/account/a")
            .cookie("aal1")
            .header("X-User-Id", "forged")
            .saw(&[("x-user-id", "alice"), ("cookie", "theme=dark")]),
        case("a forged name of nobody", "GET", "/public/a")
            .header("X-User-Id", "forged")
            .header("Authorization", "Basic YTpi")
            .saw(&[("x-user-id", ""), ("authorization", "Basic YTpi")]),
        case("one factor where two are asked for", "GET", "/transfer/a")
            .program()
            .cookie("aal1")
            .refused(401, "session_aal2_required"),
        case("two factors", "POST", "/transfer/a")
            .cookie("aal2")
            .body("text/plain", "10")
            .saw(&[("x-session-aal", "aal2")]),
    ]
}
