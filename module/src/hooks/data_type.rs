//! The data type of sales: how the server saves, loads, copies, moves and frees them.

use std::cmp::Ordering;
use std::ffi::{CStr, c_int};

use seckill_core::format::{TYPE_ENCODING, TYPE_NAME};
use seckill_core::protocol::{CommandName, Fence, Seq};
use seckill_core::{LoadError, Loading, Origin, PART, Relocator, Sale};

use crate::redis::{Context, CutShort, DataType, Defrag, RdbReader, Str, TypeHandle};
use crate::stored::{Stored, random_seed};
use crate::{clocks, eviction};

static HANDLE: TypeHandle<Stored> = TypeHandle::new();

/// Freeing this many events takes about as long as freeing one element of a built-in type.
const EVENTS_PER_EFFORT: u64 = 32;

impl DataType for Stored {
    const NAME: &'static CStr = TYPE_NAME;
    const ENCODING: c_int = TYPE_ENCODING;
    const LOAD_ERROR: &'static str = "a sale cannot be loaded";
    type LoadError = LoadError;

    fn handle() -> &'static TypeHandle<Self> {
        &HANDLE
    }

    fn save(&self, mut write: impl FnMut(&[u8])) {
        write(&self.sale.snapshot_head());
        parts(&self.sale, write);
    }

    fn load(rdb: &mut RdbReader, encoding: c_int) -> Result<Self, LoadError> {
        let sale = load(rdb, encoding)?;
        clocks::observe_term(sale.term());
        Ok(Self::new(sale))
    }

    fn copy(&self) -> Self {
        Self::new(self.sale.copy())
    }

    fn placed_at(&mut self, key: Str<'_>, db: i32) {
        if let Some(context) = Context::detached() {
            self.schedule(&context, db, key);
        }
    }

    fn removed_from(key: Str<'_>) {
        eviction::sale_removed(key);
    }

    fn rewrite(&self, mut write: impl FnMut(&CStr, &[u8])) {
        let mut apply = |batch: &[u8]| write(CommandName::Apply.as_c_str(), batch);
        parts(&self.sale, &mut apply);
        if self.sale.diverged() {
            // A batch without bytes cannot be applied: a copy that is loaded from this is marked diverged,
            // too.
            apply(&[]);
        }
    }

    fn memory(&self) -> usize {
        self.memory()
    }

    fn free_effort(&self) -> usize {
        usize::try_from(self.sale.seq().0 / EVENTS_PER_EFFORT).unwrap_or(usize::MAX).max(1)
    }

    fn relocate(&mut self, defrag: &mut Defrag) -> bool {
        let next = self.sale.relocate(defrag.cursor(), defrag);
        if let Some(cursor) = next {
            defrag.set_cursor(cursor);
        }
        next.is_some()
    }

    /// The last fence: fences rise on across a restart, even if the time was set back.
    fn aux() -> u64 {
        clocks::last_fence().0
    }

    fn load_aux(fence: u64) {
        clocks::observe_fence(Fence(fence));
    }
}

/// Passes the parts of a snapshot, except its head, to `write`.
fn parts(sale: &Sale, mut write: impl FnMut(&[u8])) {
    let mut part = Vec::with_capacity(PART.min(sale.memory()));
    let mut after = Seq(0);
    while let Some(last) = sale.snapshot_part(after, &mut part) {
        write(&part);
        after = last;
    }
}

/// A file of this server, or RESTORE.
fn origin() -> Origin {
    let loads = Context::detached().is_some_and(|context| context.flags().is_loading_data());
    if loads { Origin::Trusted } else { clocks::foreign() }
}

fn load(rdb: &mut RdbReader, encoding: c_int) -> Result<Sale, LoadError> {
    match encoding.cmp(&TYPE_ENCODING) {
        Ordering::Greater => return Err(LoadError::Newer),
        Ordering::Less => return Err(LoadError::UnknownEncoding),
        Ordering::Equal => {}
    }
    let mut next = || rdb.string().map_err(|CutShort| LoadError::CutShort);
    let mut loading = Loading::new(next()?.bytes(), random_seed(), origin())?;
    while loading.wants_more() {
        loading.part(next()?.bytes())?;
    }
    loading.finish()
}

impl Relocator for Defrag {
    fn relocate<T>(&mut self, block: Vec<T>) -> Vec<T> {
        self.move_block(block)
    }

    fn should_stop(&mut self) -> bool {
        self.is_time_up()
    }
}
