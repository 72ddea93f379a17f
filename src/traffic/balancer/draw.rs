//! Uniform draws of endpoints from a request's routing number.

use super::{Holder, load_of};

/// `bits` / 2⁶⁴ of `range`, rounded down.
#[inline]
pub(super) const fn scale(bits: u64, range: u64) -> u64 {
    ((bits as u128 * range as u128) >> 64) as u64
}

/// Bits as good as independent of `bits` and of their order: the finaliser of MurmurHash3 with
/// the constants of Stafford's variant 13.
#[inline]
pub(super) const fn scramble(bits: u64) -> u64 {
    let mut z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One of the list, each as likely.
#[inline]
pub(super) fn draw_one(list: &[u32], route: u64) -> u32 {
    list[scale(route, list.len() as u64) as usize]
}

/// The less loaded of two distinct draws, the first on ties. The two halves of the number are
/// the two draws.
#[inline]
pub(super) fn draw_two(list: &[u32], route: u64, now: u64, holders: &[impl Holder]) -> u32 {
    let count = list.len() as u64;
    let first = ((route >> 32) * count) >> 32;
    if count < 2 {
        return list[first as usize];
    }
    let other = ((route & 0xffff_ffff) * (count - 1)) >> 32;
    let second = other + u64::from(other >= first);
    let (first, second) = (list[first as usize], list[second as usize]);
    let is_second = load_of(holders, second, now) < load_of(holders, first, now);
    std::hint::select_unpredictable(is_second, second, first)
}
