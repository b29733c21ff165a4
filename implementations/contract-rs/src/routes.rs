//! What a server does, by path (contract section 5).

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::application::Application;
use crate::stack::Head;

const ALLOWED_ORIGIN: &str = "https://allowed.test";

/// The answer to a request: an application, or the status of a refusal.
pub enum Answer {
    Run(Application),
    /// Echo, after choosing among the application protocols offered.
    Negotiate,
    Refuse(u16),
}

/// `unsupported`: the paths that this stack cannot serve.
pub fn answer(head: &Head, unsupported: &[&str]) -> Answer {
    let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
    if unsupported.contains(&path) {
        return Answer::Refuse(501);
    }
    let query = Query::parse(query);
    match path {
        "/protocols" => Answer::Negotiate,
        "/reject" => Answer::Refuse(query.number("status")),
        "/origin" if head.origin.as_deref().is_some_and(|from| from != ALLOWED_ORIGIN) => {
            Answer::Refuse(403)
        }
        "/origin" => Answer::Run(Application::Sink),
        _ => application(path, &query).map_or(Answer::Refuse(404), Answer::Run),
    }
}

fn application(path: &str, query: &Query) -> Option<Application> {
    Some(match path {
        "/echo" => Application::Echo,
        "/sink" => Application::Sink,
        "/hold" => Application::Hold,
        "/source" => Application::Source {
            bidi: query.number("bidi"),
            uni: query.number("uni"),
            datagrams: query.number("datagrams"),
            size: query.number("bytes"),
        },
        "/close" => Application::Close {
            code: query.number("code"),
            reason: query.text("reason"),
            after_stream: query.text("after") == "stream",
        },
        "/reset" => Application::Reset(query.number("code")),
        "/stop" => Application::Stop(query.number("code")),
        _ => return None,
    })
}

struct Query(HashMap<String, String>);

impl Query {
    /// To the contract a plus is a plus.
    fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter_map(|pair| pair.split_once('='));
        let decoded = |value| percent_decode_str(value).decode_utf8_lossy().into_owned();
        Self(pairs.map(|(key, value)| (key.to_owned(), decoded(value))).collect())
    }

    fn text(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_default()
    }

    /// Zero for an absent key.
    fn number<N: std::str::FromStr + Default>(&self, key: &str) -> N {
        self.0.get(key).and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}
