//! Searching bytes sixteen at a time.
//!
//! Never here: JSON beyond the bytes that a string must escape.

use wide::u8x16;

/// Bytes that are examined at once.
pub(super) const CHUNK: usize = 16;

/// The offset of the first byte from here on that must be escaped in a JSON string; the end if there is none.
#[inline(always)]
pub(super) fn not_plain_from(bytes: &[u8], at: usize) -> usize {
    first(bytes, at, not_plain)
}

/// The offset of the first byte from here on for which `bits` sets a bit; the end if there is none.
#[inline(always)]
pub(super) fn first(bytes: &[u8], mut at: usize, bits: impl Fn(&[u8; CHUNK]) -> u32) -> usize {
    let (chunks, rest) = bytes[at..].as_chunks();
    for chunk in chunks {
        let found = bits(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += CHUNK;
    }
    let found = match bytes.last_chunk() {
        // The rest is the end of the last chunk.
        Some(chunk) => bits(chunk) >> (CHUNK - rest.len()),
        None => {
            let mut short = [0; CHUNK];
            short[..rest.len()].copy_from_slice(rest);
            bits(&short)
        }
    };
    at + rest.len().min(found.trailing_zeros() as usize)
}

/// The bits of the chunk at this offset, as far as the text reaches; zero for a text that is shorter than a chunk.
#[inline(always)]
pub(super) fn chunk_at(bytes: &[u8], at: usize, bits: impl Fn(&[u8; CHUNK]) -> u32) -> u32 {
    let Some(last) = bytes.len().checked_sub(CHUNK) else {
        return 0;
    };
    let from = at.min(last);
    let bits = bytes[from..].first_chunk().map_or(0, bits);
    // A chunk has CHUNK bits.
    bits >> (at - from).min(CHUNK)
}

/// A bit for each byte that must be escaped in a JSON string, the first byte in the lowest bit.
#[inline(always)]
pub(super) fn not_plain(chunk: &[u8; CHUNK]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let quote = bytes.simd_eq(u8x16::splat(b'"'));
    let backslash = bytes.simd_eq(u8x16::splat(b'\\'));
    (control | quote | backslash).to_bitmask()
}

/// The same for backslashes.
#[inline(always)]
pub(super) fn backslashes(chunk: &[u8; CHUNK]) -> u32 {
    let bytes = u8x16::new(*chunk);
    bytes.simd_eq(u8x16::splat(b'\\')).to_bitmask()
}
