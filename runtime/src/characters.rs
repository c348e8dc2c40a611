//! Kinds of characters that texts from outside need care with.
//!
//! Never here: what becomes of a text that has them.

/// What has no width and no shape of its own: marks of the byte order, of hyphenation and of direction, joiners, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
