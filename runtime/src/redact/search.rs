//! Whether any of several keys stands in a text, in one pass that skips most of it (Wu and Manber, "A fast algorithm for
//! multi-pattern searching"). Each text that leaves the process is searched, for a dozen forms of keys and more; the
//! search of std prepares itself anew for each of them, which took longer than all else that is done for a call.
//!
//! Never here: what becomes of a key that is found.

use zeroize::Zeroizing;

use crate::settings::Secret;

/// Finds some keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    /// Bytes in the shortest key. Of the longer ones only so many at the beginning are looked at first.
    length: usize,
    /// By two neighbouring bytes of a text: how far behind them the beginning of a key, so long, ends at least. It tells
    /// of the keys, and goes with them.
    skips: Zeroizing<Vec<u8>>,
}

/// Places of `skips`: enough for all pairs in some keys to have mostly their own.
const PLACES: usize = 4096;

/// The place of two bytes.
fn place(first: u8, second: u8) -> usize {
    ((usize::from(first) << 5) ^ usize::from(second)) % PLACES
}

impl Search {
    /// A search for these, of two bytes and more each.
    pub(super) fn new(keys: &[Secret]) -> Self {
        let Some(length) = keys.iter().map(|key| key.expose().len()).min() else {
            return Search::default();
        };
        let length = length.min(usize::from(u8::MAX));
        let farthest = u8::try_from(length - 1).unwrap_or(u8::MAX);
        let mut skips = Zeroizing::new(vec![farthest; PLACES]);
        for key in keys {
            for (pair, skip) in key.expose().as_bytes()[..length]
                .windows(2)
                .zip((0..farthest).rev())
            {
                let known = &mut skips[place(pair[0], pair[1])];
                *known = skip.min(*known);
            }
        }
        Search { length, skips }
    }

    /// Whether one of `keys`, those that the search was made for, stands in a text.
    pub(super) fn finds(&self, keys: &[Secret], text: &str) -> bool {
        let text = text.as_bytes();
        let mut end = self.length;
        while end > 0 && end <= text.len() {
            match self.skips[place(text[end - 2], text[end - 1])] {
                0 => {
                    let rest = &text[end - self.length..];
                    if keys
                        .iter()
                        .any(|key| rest.starts_with(key.expose().as_bytes()))
                    {
                        return true;
                    }
                    end += 1;
                }
                skip => end += usize::from(skip),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_std_finds() {
        let keys = [
            "sk-abcdefgh-ijklmnop",
            "abababab",
            "geheim\u{e9}\u{e9}",
            &"x".repeat(300),
        ];
        let all: Vec<Secret> = keys.iter().map(|key| Secret::new(*key)).collect();
        let pieces = [
            "a",
            "b",
            "ab",
            "sk-",
            "sk-abcdefgh",
            "-ijklmnop",
            "é",
            "geheim",
            " ",
            "xxx",
        ];
        for count in 1..=keys.len() {
            let keys = &all[..count];
            let search = Search::new(keys);
            let mut random = fastrand::Rng::with_seed(7);
            for _ in 0..20_000 {
                let mut text = String::new();
                for _ in 0..random.usize(0..12) {
                    match random.usize(0..20) {
                        0 => text.push_str(random.choice(keys).map_or("", Secret::expose)),
                        _ => text.push_str(random.choice(pieces).unwrap_or_default()),
                    }
                }
                let expected = keys.iter().any(|key| text.contains(key.expose()));
                assert_eq!(search.finds(keys, &text), expected, "{text}");
            }
        }
        assert!(!Search::new(&[]).finds(&[], "any text"));
    }
}
