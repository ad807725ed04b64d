//! An allocator that counts the bytes of each thread, in the size classes of jemalloc.

#![allow(dead_code, reason = "each test program uses its own part of this")]

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread has allocated and not freed.
pub(crate) fn live() -> isize {
    LIVE.get()
}

/// The result of a piece of work, and the most bytes that it had allocated at one time.
pub(crate) fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, usize::try_from(PEAK.get() - before).unwrap_or(0))
}

/// The size class of jemalloc: four a doubling, and multiples of 16 up to 128.
pub(crate) fn size_class(size: usize) -> usize {
    match size {
        0 => 0,
        1..=8 => 8,
        9..=128 => size.next_multiple_of(16),
        _ => size.next_multiple_of(1 << ((size - 1).ilog2() - 2)),
    }
}

fn count(allocated: usize, freed: usize) {
    let live = LIVE.get() + allocated.cast_signed() - freed.cast_signed();
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

pub(crate) struct CountingAllocator;

// SAFETY: every call is passed on unchanged to the system's allocator. Counting uses cells of this thread
// that need neither allocation nor destruction.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size_class(layout.size()), 0);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(size_class(layout.size()), 0);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, size_class(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks may exist at the same time.
        count(size_class(size), 0);
        count(0, size_class(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[test]
fn size_classes_are_those_of_jemalloc() {
    let classes = [(1, 8), (9, 16), (113, 128), (129, 160), (161, 192), (257, 320), (1_536, 1_536)];
    for (size, class) in classes.into_iter().chain([(65_536, 65_536), (65_537, 81_920), (294_928, 327_680)]) {
        assert_eq!(size_class(size), class, "{size}");
    }
}
