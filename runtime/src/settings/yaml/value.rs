//! A value of the tree as serde reads it: the target type decides what a plain scalar is.
//!
//! Never here: syntax.

use std::{rc::Rc, slice};

use serde::{
    Deserializer,
    de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    Error, ONE_OR_MORE, SPANNED, shown,
    tree::{Content, Entry, Node},
};

#[derive(Clone, Copy)]
pub(super) struct Value<'t>(pub(super) &'t Node<'t>);

impl<'t> Value<'t> {
    /// Hands the value to the type; errors without a position get that of the value.
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let error_at = |error: Error| error.at(self.0.line, self.0.column);
        seed.deserialize(self).map_err(error_at)
    }

    /// A plain scalar's text.
    fn plain(self) -> &'t str {
        match &self.0.content {
            Content::Plain(text) => text,
            _ => "",
        }
    }

    /// Any scalar's text, as it is spelled.
    fn text(self, expected: &str) -> Result<&'t str, Error> {
        match &self.0.content {
            Content::Plain(text) | Content::Quoted(text) if !self.0.is_null() => Ok(text),
            _ => Err(self.mismatch(expected)),
        }
    }

    /// Without a value, a mapping is empty: what a section holds can be commented out.
    fn entries(self) -> Result<Entries<'t>, Error> {
        let all = match &self.0.content {
            Content::Mapping(entries) => entries.as_slice(),
            _ if self.0.is_null() => &[],
            _ => return Err(self.mismatch("a mapping of keys to values")),
        };
        Ok(Entries(all.iter(), None))
    }

    fn mismatch(self, expected: &str) -> Error {
        let found = match &self.0.content {
            _ if self.0.is_null() => {
                return Error::new(format!("the value is missing; expected {expected}"));
            }
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
            Content::Tagged => "a value with a tag",
            Content::Quoted(_) => "a string in quotes",
            Content::Plain(text) if boolean(text).is_some() => "true or false",
            Content::Plain(text) if whole_number(text).is_some() => "a whole number",
            Content::Plain(text) if decimal(text).is_some() => "a decimal number",
            // "key:value", but not "https://…".
            Content::Plain(text) if text.split(':').skip(1).any(|rest| !rest.starts_with('/')) => {
                "a string; is the space after a \":\" missing?"
            }
            Content::Plain(_) => "a string",
        };
        Error::new(format!("expected {expected}, found {found}"))
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Error;

    /// No type of the settings leaves to the document what a value is.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let flag = boolean(self.plain()).ok_or_else(|| self.mismatch("true or false"))?;
        visitor.visit_bool(flag)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = whole_number(self.plain());
        let number = number.ok_or_else(|| self.mismatch("a whole number"))?;
        visitor.visit_u32(number.try_into().map_err(|_| {
            Error::new(format!(
                "expected a whole number from 0 to {}, found another",
                u32::MAX
            ))
        })?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let number = decimal(self.plain()).ok_or_else(|| self.mismatch("a number"))?;
        if number.is_infinite() && self.plain().contains(|c: char| c.is_ascii_digit()) {
            return Err(Error::new(
                "expected a number from -1.7e308 to 1.7e308, found another",
            ));
        }
        visitor.visit_f64(number)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text("a string")?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0.content {
            Content::Sequence(_) if name == ONE_OR_MORE => self.deserialize_seq(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let all = match &self.0.content {
            Content::Sequence(items) => items.as_slice(),
            _ if self.0.is_null() => &[],
            _ => return Err(self.mismatch("a list")),
        };
        visitor.visit_seq(Items(all, 0))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == SPANNED {
            return visitor.visit_seq(SpannedParts {
                line: self.0.line,
                column: self.0.column,
                value: self,
                given: 0,
            });
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self.entries()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 char bytes byte_buf unit unit_struct tuple enum identifier
        ignored_any
    }
}

/// A list and the index of its next item.
struct Items<'t>(&'t [Rc<Node<'t>>], usize);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(item) = self.0.get(self.1) else {
            return Ok(None);
        };
        let value = Value(item).read(seed);
        let value = value.map_err(|error| error.within(&format!("[{}]", self.1)))?;
        self.1 += 1;
        Ok(Some(value))
    }
}

/// What is left of a mapping, and the entry whose key was read.
struct Entries<'t>(slice::Iter<'t, Entry<'t>>, Option<&'t Entry<'t>>);

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let above = std::mem::replace(&mut self.1, self.0.next());
        let Some(entry) = self.1 else {
            return Ok(None);
        };
        let key = seed.deserialize(Key(entry));
        key.map(Some).map_err(|mut error| {
            // What belongs to a section but is not indented leaves it empty.
            if let Some(above) = above.filter(|above| above.value.is_null()) {
                let section = shown(&above.key);
                error
                    .message
                    .push_str(&format!(" If it belongs to \"{section}\", indent it"));
            }
            error.at(entry.line, entry.column)
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some(entry) = self.1 else {
            return Err(Error::new("a value was asked for before its key"));
        };
        let value = Value(&entry.value).read(seed);
        value.map_err(|error| error.within(&shown(&entry.key)))
    }
}

/// The key of an entry: its text, with the position if that is asked for.
#[derive(Clone, Copy)]
struct Key<'t>(&'t Entry<'t>);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.0.key)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        wanted: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if wanted == SPANNED {
            return visitor.visit_seq(SpannedParts {
                line: self.0.line,
                column: self.0.column,
                value: self,
                given: 0,
            });
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple map struct enum identifier ignored_any
    }
}

/// Line, column and value for `Spanned`, and how many of them are given.
struct SpannedParts<D> {
    line: usize,
    column: usize,
    value: D,
    given: usize,
}

impl<'de, D: Deserializer<'de, Error = Error> + Copy> SeqAccess<'de> for SpannedParts<D> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.given += 1;
        let value = match self.given {
            1 => seed.deserialize(self.line.into_deserializer()),
            2 => seed.deserialize(self.column.into_deserializer()),
            _ => seed.deserialize(self.value),
        };
        value.map(Some)
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Too large a number becomes the largest, which is out of every range.
fn whole_number(text: &str) -> Option<i128> {
    let (digits, radix) = match text.split_at_checked(2) {
        Some(("0x", digits)) => (digits, 16),
        Some(("0o", digits)) => (digits, 8),
        _ => (text.strip_prefix(['-', '+']).unwrap_or(text), 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).unwrap_or(i128::MAX);
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => Some(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if unsigned == text => Some(f64::NAN),
        // Rust would also read "inf", "infinity" and "nan".
        _ if text.contains(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-' | 'e' | 'E')) =>
        {
            #[allow(clippy::cast_precision_loss)]
            whole_number(text).map(|number| number as f64)
        }
        _ => text.parse().ok(),
    }
}
