//! Moving a sale's memory, where the server's allocator can close the gaps that others left.

use std::ffi::{c_int, c_ulong, c_void};
use std::mem::ManuallyDrop;

use redis_module::raw;
use seckill_core::blocks::Mover;

use super::api::guarded;
use super::key::Stored;

/// The server, asked to move what one sale has.
struct Server {
    context: *mut raw::RedisModuleDefragCtx,
}

impl Server {
    /// Where an allocation is from now on.
    ///
    /// # Safety
    /// It must be a whole allocation of this module's allocator, and its old place must not be used any more.
    unsafe fn relocate<T>(&self, allocation: *mut T) -> *mut T {
        // SAFETY: the server passed the context, and the allocation came from the server.
        let moved = unsafe { api!(RedisModule_DefragAlloc(self.context, allocation.cast::<c_void>())) };
        if moved.is_null() { allocation } else { moved.cast() }
    }

    /// The place that the visit before kept; 0 when this is the first.
    fn place(&self) -> u64 {
        let mut place: c_ulong = 0;
        // SAFETY: the server passed the context. Where it keeps no place, it leaves the 0.
        unsafe { api!(RedisModule_DefragCursorGet(self.context, &raw mut place)) };
        place
    }

    fn keep(&self, place: u64) {
        // SAFETY: the server passed the context.
        unsafe { api!(RedisModule_DefragCursorSet(self.context, place)) };
    }
}

impl Mover for Server {
    fn moved<T>(&mut self, block: Vec<T>) -> Vec<T> {
        if block.capacity() == 0 || size_of::<T>() == 0 {
            return block;
        }
        let mut block = ManuallyDrop::new(block);
        let (len, capacity) = (block.len(), block.capacity());
        // SAFETY: a list with a capacity owns a whole allocation of the global allocator, which is the server's.
        // The old list is forgotten, and the new one has the same bytes, length and capacity.
        unsafe { Vec::from_raw_parts(self.relocate(block.as_mut_ptr()), len, capacity) }
    }

    fn is_done_for_now(&mut self) -> bool {
        // SAFETY: the server passed the context.
        unsafe { api!(RedisModule_DefragShouldStop(self.context)) != 0 }
    }
}

/// Moves a sale; 1 when there is more to do. Large sales, as `free_effort` tells, are visited several times.
pub(super) extern "C" fn defrag(
    context: *mut raw::RedisModuleDefragCtx,
    _: *mut raw::RedisModuleString,
    value: *mut *mut c_void,
) -> c_int {
    let left = guarded(|| {
        let mut server = Server { context };
        let place = server.place();
        // SAFETY: the server passed the place of its pointer to one of our values, each of which is a whole
        // allocation, and takes the new pointer from there.
        let stored = unsafe {
            *value = server.relocate(*value);
            (*value).cast::<Stored>().as_mut()
        }?;
        let next = stored.sale.move_blocks(place, &mut server)?;
        server.keep(next);
        Some(())
    });
    c_int::from(left.flatten().is_some())
}
