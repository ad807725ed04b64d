//! The sizes in which an allocator hands out memory.

/// The least distance of two sizes, as a power of two: 16 bytes.
const MIN_STEP_BITS: u32 = 4;

/// What an allocator takes for so many bytes. The sizes are those of jemalloc, with which servers are built:
/// four for each doubling, and none closer than 16 bytes.
pub(crate) fn size_class(bytes: usize) -> usize {
    let log = bytes.saturating_sub(1).checked_ilog2().unwrap_or(0);
    let step = 1 << log.saturating_sub(2).max(MIN_STEP_BITS);
    bytes.checked_next_multiple_of(step).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_four_sizes_for_each_doubling() {
        let mut sizes: Vec<usize> = (1..=640).map(size_class).collect();
        sizes.dedup();
        let small = (16..=128).step_by(16);
        assert!(sizes.into_iter().eq(small.chain([160, 192, 224, 256, 320, 384, 448, 512, 640])));
        assert_eq!(size_class(0), 0);
    }
}
