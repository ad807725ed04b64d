//! Active defragmentation: moving memory where the server's allocator wants it.

use std::ffi::{c_ulong, c_void};
use std::mem::ManuallyDrop;

use redis_module::raw;

/// One visit of the server to a value, to move its memory.
pub(crate) struct Defrag {
    context: *mut raw::RedisModuleDefragCtx,
}

impl Defrag {
    /// # Safety
    /// The context must be one that the server passed to the present call.
    pub(super) unsafe fn new(context: *mut raw::RedisModuleDefragCtx) -> Self {
        Self { context }
    }

    /// Where an allocation is from now on.
    ///
    /// # Safety
    /// It must be a whole allocation of this module's allocator, and its old place must not be used any more.
    pub(super) unsafe fn relocate_allocation<T>(&self, allocation: *mut T) -> *mut T {
        // SAFETY: the server passed the context, and the allocation came from the server.
        let moved = unsafe { api!(RedisModule_DefragAlloc(self.context, allocation.cast::<c_void>())) };
        if moved.is_null() { allocation } else { moved.cast() }
    }

    /// Moves a block, if the allocator wants it: the same content and capacity, at another address.
    pub(crate) fn move_block<T>(&self, block: Vec<T>) -> Vec<T> {
        if block.capacity() == 0 || size_of::<T>() == 0 {
            return block;
        }
        let mut block = ManuallyDrop::new(block);
        let (len, capacity) = (block.len(), block.capacity());
        // SAFETY: a list with a capacity owns a whole allocation of the global allocator, which is the
        // server's. The old list is forgotten, and the new one has the same bytes, length and capacity.
        unsafe { Vec::from_raw_parts(self.relocate_allocation(block.as_mut_ptr()), len, capacity) }
    }

    /// Whether the visit is to end. The rest is left for the next one.
    pub(crate) fn is_time_up(&self) -> bool {
        // SAFETY: the server passed the context.
        unsafe { api!(RedisModule_DefragShouldStop(self.context)) != 0 }
    }

    /// The cursor that the visit before left; 0 when this is the first.
    pub(crate) fn cursor(&self) -> u64 {
        let mut cursor: c_ulong = 0;
        // SAFETY: the server passed the context. Where it has no cursor, it leaves the 0.
        unsafe { api!(RedisModule_DefragCursorGet(self.context, &raw mut cursor)) };
        cursor
    }

    /// Leaves a cursor for the next visit.
    pub(crate) fn set_cursor(&self, cursor: u64) {
        // SAFETY: the server passed the context.
        unsafe { api!(RedisModule_DefragCursorSet(self.context, cursor)) };
    }
}
