//! Suggestions for misspelled names.
//!
//! Never here: which names exist.

use strsim::osa_distance;

/// Bytes of the longest name that is compared: the time is proportional to the product of both lengths.
const LONGEST: usize = 64;

/// The first of the closest `known` names, at most two typing errors from `name`. Case does not count.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    // With two errors in a short name, too little is left to recognise it.
    let limit = (name.len() / 3).clamp(1, 2);
    known
        .filter_map(|other| Some((distance(limit, name, other)?, other)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// Whether at most `limit` insertions, deletions, replacements or swaps of neighbours turn one name into the other.
pub(crate) fn is_within(limit: usize, name: &str, other: &str) -> bool {
    distance(limit, name, other).is_some()
}

fn distance(limit: usize, name: &str, other: &str) -> Option<usize> {
    // Most pairs need no more than this.
    if name.len().abs_diff(other.len()) > limit {
        return None;
    }
    let distance = osa_distance(&name.to_ascii_lowercase(), &other.to_ascii_lowercase());
    (distance <= limit).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let names = || ["base_url", "api_key", "type", "id"].into_iter();
        for (name, expected) in [
            ("base_ulr", Some("base_url")),
            ("baseUrl", Some("base_url")),
            ("API-KEY", Some("api_key")),
            ("apikey", Some("api_key")),
            ("tpye", Some("type")),
            ("typ", Some("type")),
            ("ID", Some("id")),
            ("if", Some("id")),
            ("kind", None),
            ("base", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(nearest(name, names()), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), names()), None);
    }
}
