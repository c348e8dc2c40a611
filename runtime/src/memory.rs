//! `memcpy`, `memmove`, `memcmp` and `bcmp` of the static program on x86-64, in place of the C library's.
//!
//! musl copies by one instruction for all, `rep movsq`, which takes longer to begin than most of our copies to end: two to
//! three times as long for 100 bytes. And it compares byte by byte. What it has for 64-bit ARM is good.
//!
//! Never here: anything but these four, or for another C library.

// The compiler calls these for what is safe Rust, with pointers.
#![expect(unsafe_code)]

use std::{
    arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_movemask_epi8},
    ffi::c_int,
};

/// Sixteen bytes, as every x86-64 processor moves them.
type Block = __m128i;

const BLOCK: usize = size_of::<Block>();

/// So many blocks are moved together.
const STEP: usize = 4 * BLOCK;

// SAFETY (all): the C library's signatures and rules, which callers keep.

#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    unsafe { copy(to, from, bytes) }
}

#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    unsafe { copy(to, from, bytes) }
}

#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, bytes: usize) -> c_int {
    unsafe { compare(one, other, bytes) }
}

#[cfg(target_env = "musl")]
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, bytes: usize) -> c_int {
    unsafe { compare(one, other, bytes) }
}

#[inline(always)]
unsafe fn load<T>(from: *const u8, at: usize) -> T {
    unsafe { from.add(at).cast::<T>().read_unaligned() }
}

#[inline(always)]
unsafe fn store<T>(to: *mut u8, at: usize, value: T) {
    unsafe { to.add(at).cast::<T>().write_unaligned(value) }
}

/// Copies one `T` at the beginning and one at the end: all, if there are no more than two.
#[inline(always)]
unsafe fn copy_ends<T>(to: *mut u8, from: *const u8, bytes: usize) {
    let end = bytes - size_of::<T>();
    unsafe {
        let (first, last): (T, T) = (load(from, 0), load(from, end));
        store(to, 0, first);
        store(to, end, last);
    }
}

/// Copies one step.
#[inline(always)]
unsafe fn copy_step(to: *mut u8, from: *const u8, at: usize) {
    unsafe { store_step(to, at, load_step(from, at)) }
}

#[inline(always)]
unsafe fn load_step(from: *const u8, at: usize) -> [Block; 4] {
    unsafe {
        [
            load(from, at),
            load(from, at + BLOCK),
            load(from, at + 2 * BLOCK),
            load(from, at + 3 * BLOCK),
        ]
    }
}

#[inline(always)]
unsafe fn store_step(to: *mut u8, at: usize, step: [Block; 4]) {
    let [a, b, c, d] = step;
    unsafe {
        store(to, at, a);
        store(to, at + BLOCK, b);
        store(to, at + 2 * BLOCK, c);
        store(to, at + 3 * BLOCK, d);
    }
}

/// Copies bytes to a place that may overlap with theirs: what could be overwritten is always read before.
#[inline(always)]
unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    const TWO: usize = 2 * BLOCK;
    unsafe {
        match bytes {
            STEP.. => return copy_many(to, from, bytes),
            TWO.. => {
                let end = bytes - TWO;
                let (a, b): (Block, Block) = (load(from, 0), load(from, BLOCK));
                let (c, d): (Block, Block) = (load(from, end), load(from, end + BLOCK));
                store(to, 0, a);
                store(to, BLOCK, b);
                store(to, end, c);
                store(to, end + BLOCK, d);
            }
            BLOCK.. => copy_ends::<Block>(to, from, bytes),
            8.. => copy_ends::<u64>(to, from, bytes),
            4.. => copy_ends::<u32>(to, from, bytes),
            2.. => copy_ends::<u16>(to, from, bytes),
            1 => *to = *from,
            0 => {}
        }
    }
    to
}

/// The same for a step and more.
// A compiler may turn a loop that copies into a call of memcpy, which would be this one. It does not with four loads before
// four stores; if it ever did, the static program would not answer a single message.
#[inline(never)]
unsafe fn copy_many(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    // How far the one begins behind the other; wraps to more than any length where it begins before.
    let ahead = to.addr().wrapping_sub(from.addr());
    let end = bytes - STEP;
    unsafe {
        if bytes <= 2 * STEP {
            let (first, last) = (load_step(from, 0), load_step(from, end));
            store_step(to, 0, first);
            store_step(to, end, last);
        } else if ahead < bytes {
            let first = load_step(from, 0);
            let mut at = end;
            while at > 0 {
                copy_step(to, from, at);
                at = at.saturating_sub(STEP);
            }
            store_step(to, 0, first);
        } else {
            let last = load_step(from, end);
            let mut at = 0;
            while at < end {
                copy_step(to, from, at);
                at += STEP;
            }
            store_step(to, end, last);
        }
    }
    to
}

/// Negative, zero or positive, as the first byte that differs says.
#[inline(always)]
unsafe fn compare(one: *const u8, other: *const u8, bytes: usize) -> c_int {
    unsafe {
        match bytes {
            BLOCK.. => compare_blocks(one, other, bytes),
            8.. => {
                let word = |at| (load(one, at), load(other, at));
                let (first, last) = (word(0), word(bytes - 8));
                let (one, other) = if first.0 == first.1 { last } else { first };
                order(u64::from_be(one), u64::from_be(other))
            }
            4.. => {
                let word = |at| (load(one, at), load(other, at));
                let (first, last) = (word(0), word(bytes - 4));
                let (one, other) = if first.0 == first.1 { last } else { first };
                order(u32::from_be(one).into(), u32::from_be(other).into())
            }
            _ => {
                for at in 0..bytes {
                    let difference = c_int::from(*one.add(at)) - c_int::from(*other.add(at));
                    if difference != 0 {
                        return difference;
                    }
                }
                0
            }
        }
    }
}

fn order(one: u64, other: u64) -> c_int {
    c_int::from(one > other) - c_int::from(one < other)
}

/// The same for a block and more.
#[inline(always)]
unsafe fn compare_blocks(one: *const u8, other: *const u8, bytes: usize) -> c_int {
    let end = bytes - BLOCK;
    let mut at = 0;
    unsafe {
        loop {
            let equal = _mm_movemask_epi8(_mm_cmpeq_epi8(load(one, at), load(other, at)));
            let differ = !equal & 0xffff;
            if differ != 0 {
                at += differ.trailing_zeros() as usize;
                return c_int::from(*one.add(at)) - c_int::from(*other.add(at));
            }
            if at == end {
                return 0;
            }
            at = end.min(at + BLOCK);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    /// Lengths around each limit.
    fn lengths() -> impl Iterator<Item = usize> {
        (0..300).chain([4095, 4096, 5000])
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| (at * 7 + at / 251).to_le_bytes()[0])
            .collect()
    }

    #[test]
    fn a_copy_is_equal_and_touches_nothing_else() {
        for length in lengths() {
            for offset in 0..17 {
                let from = bytes(length + offset);
                let mut to = vec![0xaa; length + 40];
                // SAFETY: both have so many bytes from there on.
                unsafe { copy(to[16..].as_mut_ptr(), from[offset..].as_ptr(), length) };
                assert_eq!(
                    to[16..16 + length],
                    from[offset..],
                    "{length} from {offset}"
                );
                let around = to[..16].iter().chain(&to[16 + length..]);
                assert!(
                    around.copied().all(|byte| byte == 0xaa),
                    "{length} from {offset}"
                );
            }
        }
    }

    #[test]
    fn a_copy_may_overlap_with_what_is_copied() {
        let distances = [
            0, 1, 2, 3, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 1999, 3000,
        ];
        for length in lengths() {
            for distance in distances {
                for (from, to) in [(0, distance), (distance, 0)] {
                    let mut ours = bytes(length + distance);
                    let mut theirs = ours.clone();
                    let start = ours.as_mut_ptr();
                    // SAFETY: both have so many bytes from there on.
                    unsafe { copy(start.add(to), start.add(from), length) };
                    theirs.copy_within(from..from + length, to);
                    assert_eq!(ours, theirs, "{length} from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn the_first_difference_decides() {
        for length in lengths().filter(|&length| length < 200 || length == 4095) {
            let one = bytes(length);
            let told = |other: &[u8]| {
                // SAFETY: both have so many bytes.
                unsafe { compare(one.as_ptr(), other.as_ptr(), length) }.cmp(&0)
            };
            assert_eq!(told(&one), Ordering::Equal);
            for at in 0..length {
                let mut other = one.clone();
                other[at] = other[at].wrapping_add(0x81);
                assert_eq!(told(&other), one.cmp(&other), "{at} of {length}");
                // What comes behind it does not count, even if it says the opposite.
                if let Some(last) = other.last_mut().filter(|_| at + 1 < length) {
                    *last = last.wrapping_sub(0x81);
                    assert_eq!(told(&other), one.cmp(&other), "{at} of {length}");
                }
            }
        }
    }
}
