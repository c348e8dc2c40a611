//! Patterns of models' names: `*` stands for anything, `?` for one character, whatever the case.
//!
//! Never here: what follows from it that one fits.

use super::presets;

/// A pattern as it is compared: in lower case, and with the provider's id where another name of it stands.
pub(super) fn pattern(item: &str) -> String {
    let item = item.to_lowercase();
    match item.split_once('/') {
        Some((prefix, rest)) => {
            let id = presets::named(prefix).map_or(prefix, |preset| preset.id);
            format!("{id}/{rest}")
        }
        None => item,
    }
}

/// The full name of a model as patterns are compared with it: `provider/id`, and where the id begins.
pub(super) fn name(provider: &str, model: &str) -> (String, usize) {
    let id = model.trim().to_lowercase();
    // Gemini's ids have two forms.
    let id = id.strip_prefix("models/").unwrap_or(&id);
    (
        format!("{}/{id}", provider.to_lowercase()),
        provider.len() + 1,
    )
}

/// Whether a pattern fits the whole text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What is left of both behind the last star, with what it may still take.
    let mut star = None;
    loop {
        let (at, next) = (text.clone(), text.next());
        match (pattern.next(), next) {
            (Some('*'), _) => {
                text = at;
                star = Some((pattern.clone(), text.clone()));
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            // The star takes one more; the last one leaves most for what follows.
            _ => {
                let Some((behind, taken)) = &mut star else {
                    return false;
                };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, text) = (behind.clone(), taken.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_a_question_mark_for_one_character() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
            ("*b*b*", "b", false),
            ("*b*b*", "bab", true),
            ("a**", "a", true),
            ("?", "", false),
            ("?", "ß", true),
            ("a?c", "abc", true),
            ("a?", "abc", false),
            ("*?", "", false),
            ("*/o3-?", "openai/o3-7", true),
            ("*/o3-*", "openrouter/openai/o3-mini", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn names_have_one_form() {
        assert_eq!(pattern("Gemini/X*"), "google/x*");
        assert_eq!(pattern("GPT-*"), "gpt-*");
        let (full, id) = name("Google", " models/Gemini-X");
        assert_eq!((&*full, &full[id..]), ("google/gemini-x", "gemini-x"));
    }
}
