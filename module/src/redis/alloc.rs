//! Memory from the server, so that it counts what the module uses.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;

/// The server's allocator. Until the server has handed its functions over there is nothing to allocate with.
struct ServerAlloc;

#[global_allocator]
static ALLOCATOR: ServerAlloc = ServerAlloc;

/// The alignment of malloc. No type of the module needs more.
const ALIGNMENT: usize = 16;

/// Whether the server hands out what malloc gives it. One that was built to keep sizes in front of each block
/// does not, and cannot load the module.
pub(crate) fn is_aligned() -> bool {
    // SAFETY: any size is allowed, and the block is freed once.
    unsafe {
        let block = api!(RedisModule_Alloc(ALIGNMENT));
        let aligned = block.cast::<u8>().align_offset(ALIGNMENT) == 0;
        api!(RedisModule_Free(block));
        aligned
    }
}

fn fits(layout: Layout) -> bool {
    layout.align() <= ALIGNMENT
}

// SAFETY: the functions are malloc, calloc, realloc and free of the server, which keep the contract of
// `GlobalAlloc` for alignments that malloc guarantees; others are refused by a null pointer.
unsafe impl GlobalAlloc for ServerAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !fits(layout) {
            return std::ptr::null_mut();
        }
        // SAFETY: any size is allowed.
        unsafe { api!(RedisModule_Alloc(layout.size())) }.cast()
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !fits(layout) {
            return std::ptr::null_mut();
        }
        // SAFETY: any size is allowed.
        unsafe { api!(RedisModule_Calloc(1, layout.size())) }.cast()
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !fits(layout) {
            return std::ptr::null_mut();
        }
        // SAFETY: the block came from this allocator.
        unsafe { api!(RedisModule_Realloc(block.cast::<c_void>(), size)) }.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the block came from this allocator.
        unsafe { api!(RedisModule_Free(block.cast::<c_void>())) };
    }
}
