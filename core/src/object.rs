//! A JSON object, written member by member: results that are written for every call, by those who are not compiled
//! for speed.
//!
//! Never here: what a member means.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{
    jsonrpc::{write_json, write_string},
    text,
};

/// An object that is not complete yet. Members without a value are left out.
#[derive(Debug)]
pub struct Object {
    json: Vec<u8>,
}

/// Most results fit without a second allocation.
const CAPACITY: usize = 320;

impl Object {
    /// One without members.
    #[must_use]
    #[inline(never)]
    #[allow(clippy::new_without_default)] // It is a beginning, not a value.
    pub fn new() -> Self {
        let mut json = Vec::with_capacity(CAPACITY);
        json.push(b'{');
        Object { json }
    }

    /// A string.
    #[inline(never)]
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            write_string(&mut self.json, value);
        }
    }

    /// A whole number.
    #[inline(never)]
    pub fn number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.name(name);
            let mut room = [0; 20];
            self.json
                .extend_from_slice(text::digit_bytes(value, &mut room));
        }
    }

    /// `true`; what is not so is left out.
    #[inline(never)]
    pub fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.name(name);
            self.json.extend_from_slice(b"true");
        }
    }

    /// Any value, in more time.
    pub fn value<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.name(name);
        write_json(&mut self.json, value);
    }

    /// An object, whose members `write` writes.
    pub fn object(&mut self, name: &str, write: impl FnOnce(&mut Object)) {
        self.name(name);
        self.json.push(b'{');
        write(self);
        self.json.push(b'}');
    }

    /// An array of objects; `write` writes the members of each.
    pub fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Object, T),
    ) {
        self.name(name);
        self.json.push(b'[');
        for item in items {
            if self.json.ends_with(b"}") {
                self.json.push(b',');
            }
            self.json.push(b'{');
            write(self, item);
            self.json.push(b'}');
        }
        self.json.push(b']');
    }

    /// The JSON text, on one line.
    #[must_use]
    #[inline(never)]
    pub fn end(mut self) -> String {
        self.json.push(b'}');
        // All of it was text.
        String::from_utf8(self.json).unwrap_or_default()
    }

    /// The names are ours: nothing in them is escaped.
    #[inline(never)]
    fn name(&mut self, name: &str) {
        debug_assert!(!name.contains(['"', '\\']), "a plain name");
        self.json.reserve(name.len() + 4);
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        self.json.push(b'"');
        self.json.extend_from_slice(name.as_bytes());
        self.json.extend_from_slice(b"\":");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_their_order_and_those_without_a_value_are_left_out() {
        let mut object = Object::new();
        object.text("a", None);
        object.text("b", Some("say \"hi\"\n"));
        object.number("c", Some(u64::MAX));
        object.number("d", None);
        object.number("e", Some(0));
        object.flag("f", false);
        object.flag("g", true);
        object.value("h", &[1.5]);
        object.object("i", |_| {});
        object.object("j", |inner| {
            inner.number("a", Some(10));
            inner.text("b", Some("é"));
        });
        object.objects("k", [1, 2], |inner, number| inner.number("n", Some(number)));
        object.objects("l", [(); 2], |_, ()| {});
        object.objects("m", [(); 0], |_, ()| {});
        assert_eq!(
            object.end(),
            concat!(
                r#"{"b":"say \"hi\"\n","c":18446744073709551615,"e":0,"g":true,"h":[1.5],"i":{},"#,
                r#""j":{"a":10,"b":"é"},"k":[{"n":1},{"n":2}],"l":[{},{}],"m":[]}"#
            )
        );
        assert_eq!(Object::new().end(), "{}");
    }
}
