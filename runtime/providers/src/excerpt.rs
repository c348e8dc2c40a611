//! Which part of a text from a provider or a proxy is shown to people.
//!
//! Never here: what the text means, or redaction.

/// Most characters of a provider's message that are shown.
const MOST_SHOWN: usize = 2_000;

/// A sentence about an HTML or XML page, with its title; `None` for other text. The rest of a proxy's page is of no use, and can
/// repeat whole headers.
pub(super) fn page(text: &str) -> Option<String> {
    let start = text.get(..5)?.to_ascii_lowercase();
    if !["<!doc", "<html", "<head", "<?xml"].contains(&start.as_str()) {
        return None;
    }
    let kind = if start == "<?xml" && !text.to_ascii_lowercase().contains("<html") {
        "XML"
    } else {
        "HTML"
    };
    let title = title(text)
        .map(|title| format!(" ({title})"))
        .unwrap_or_default();
    Some(format!(
        "the reply is an {kind} page{title} instead of JSON; check the base URL and any proxy"
    ))
}

fn title(page: &str) -> Option<String> {
    // ASCII lower case keeps every byte where it was.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let words: Vec<&str> = page.get(start..end)?.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// At most 2,000 characters, never cut inside a secret: half of one would escape redaction. Secrets are printable ASCII, so
/// the text is cut before a word of it.
pub(super) fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MOST_SHOWN) else {
        return text.to_owned();
    };
    let shown = text.get(..end).unwrap_or_default();
    let cut = shown.rfind(|c: char| !c.is_ascii_graphic());
    format!(
        "{}…",
        cut.and_then(|cut| shown.get(..cut)).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_cut_between_words() {
        assert_eq!(shortened(&"ü".repeat(2_000)).chars().count(), 2_000);
        let cut = shortened(&"ü".repeat(2_001));
        assert_eq!(
            (cut.chars().count(), cut.chars().last()),
            (2_000, Some('…'))
        );
        let cut = shortened(&format!("{} sk-{}", "a b".repeat(650), "s".repeat(200)));
        assert!(!cut.contains("sk-") && cut.ends_with("b…"), "{cut}");
    }
}
