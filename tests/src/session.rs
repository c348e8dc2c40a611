//! One session in one revision: opening it, requests, and the members of objects, for all tests of the protocol.
//!
//! Never here: the expected content of an answer, beyond being a result or an error.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::schema;
pub use crate::schema::MODERN;
use crate::server::{Builder, Server};

#[derive(Debug)]
pub struct Session {
    pub server: Server,
    /// One of [`schema::REVISIONS`].
    pub revision: &'static str,
}

/// A server that needs no network.
pub fn offline() -> Builder {
    Server::builder().env("DEFAULT_PROVIDER", "mock")
}

impl Session {
    /// Opens a session and returns the result of opening it, too.
    #[track_caller]
    pub fn open(builder: Builder, revision: &'static str) -> (Self, Value) {
        let mut session = Self {
            server: builder.spawn(),
            revision,
        };
        let opened = if session.is_modern() {
            session.result("server/discover", json!({}))
        } else {
            let client = json!({"name": "test", "version": "1"});
            let params =
                json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
            let opened = session.result("initialize", params);
            let line = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            session.server.send(&line.to_string());
            opened
        };
        (session, opened)
    }

    /// Whether its requests carry an envelope.
    pub fn is_modern(&self) -> bool {
        schema::is_modern(self.revision)
    }

    /// The params of a request, with the members that this revision requires in all of them.
    pub fn params(&self, mut params: Value) -> Value {
        if self.is_modern() {
            let meta = &mut params["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = self.revision.into();
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        params
    }

    /// Sends a request without waiting for its answer.
    #[track_caller]
    pub fn send(&self, id: impl Into<Value>, method: &str, params: Value) {
        let mut line = json!({"jsonrpc": "2.0", "id": id.into(), "method": method});
        line["params"] = self.params(params);
        self.server.send(&line.to_string());
    }

    /// Sends a request whose answer must be a result.
    #[track_caller]
    pub fn result(&mut self, method: &str, params: Value) -> Value {
        let params = self.params(params);
        let mut line = self.server.request(method, params);
        match line.get_mut("result") {
            Some(result) => result.take(),
            None => panic!("{method} in {}: {line}", self.revision),
        }
    }

    /// Sends a request whose answer must be an error with this code.
    #[track_caller]
    pub fn error(&mut self, method: &str, params: Value, code: i64) -> Value {
        let params = self.params(params);
        let mut line = self.server.request(method, params);
        assert_eq!(
            line["error"]["code"], code,
            "{method} in {}: {line}",
            self.revision
        );
        line["error"].take()
    }

    /// Calls a tool, whose answer may be its own error.
    #[track_caller]
    pub fn call(&mut self, name: &str, arguments: Value) -> Value {
        let mut params = json!({"name": name});
        params["arguments"] = arguments;
        self.result("tools/call", params)
    }

    /// The entries of one of the lists.
    #[track_caller]
    pub fn list(&mut self, method: &str, member: &str) -> Vec<Value> {
        match self.result(method, json!({}))[member].take() {
            Value::Array(entries) => entries,
            other => panic!("{method} in {}: {other}", self.revision),
        }
    }

    /// Ends the session and returns all its lines.
    #[track_caller]
    pub fn end(mut self) -> Vec<Value> {
        self.server.close_stdin();
        self.server.end(0)
    }
}

/// The names of an object's members.
#[track_caller]
pub fn keys(object: &Value) -> BTreeSet<&str> {
    let object = object.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

/// A set of names to compare with [`keys`].
pub fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

/// The names that a revision knows, from pairs of a name and the revision that introduced it.
pub fn known<'a>(revision: &str, names: &[(&'a str, &str)]) -> BTreeSet<&'a str> {
    let known = names.iter().filter(|(_, since)| *since <= revision);
    known.map(|(name, _)| *name).collect()
}
