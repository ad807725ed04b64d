//! The room of lists: the sizes in which they grow, and what they take.
//!
//! A `Vec` doubles, so that up to half of it is unused, and starts with room for four records at least. Lists
//! that have their room made here start with one record, and grow by one size class: by a quarter at most,
//! once they have 128 bytes.

use super::size_class::size_class;

/// The most records that fit in what an allocator takes for so many.
pub(crate) fn capacity_for<T>(records: usize) -> usize {
    let bytes = size_class(records.saturating_mul(size_of::<T>()));
    bytes.checked_div(size_of::<T>()).unwrap_or(records)
}

/// Makes room in a list for so many more records.
pub(crate) fn make_room<T>(list: &mut Vec<T>, more: usize) {
    let needed = list.len().saturating_add(more);
    if needed > list.capacity() {
        list.reserve_exact(capacity_for::<T>(needed).saturating_sub(list.len()));
    }
}

/// A copy with the capacity of the original, so that it grows in the same steps.
pub(crate) fn copy_with_room<T: Clone>(list: &Vec<T>) -> Vec<T> {
    let mut copy = Vec::with_capacity(list.capacity());
    copy.extend_from_slice(list);
    copy
}

/// What a list takes, in bytes, without what its records own.
pub(crate) fn memory_of<T>(list: &Vec<T>) -> usize {
    size_class(list.capacity().saturating_mul(size_of::<T>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As records of orders are: 24 bytes.
    type Record = [u64; 3];

    #[test]
    fn a_list_grows_from_one_record_by_a_quarter_at_most() {
        let mut list: Vec<Record> = Vec::new();
        let mut before = 0;
        for number in 0..10_000 {
            make_room(&mut list, 1);
            list.push([number; 3]);
            let takes = memory_of(&list);
            assert!(takes <= before + (before / 4).max(32), "{number}: {before} to {takes}");
            assert!(takes - list.capacity() * size_of::<Record>() < size_of::<Record>(), "{number}: unused");
            before = takes;
        }
        assert_eq!(copy_with_room(&list).capacity(), list.capacity());
    }

    #[test]
    fn a_list_with_room_is_left_alone() {
        let mut list: Vec<u8> = Vec::with_capacity(100);
        make_room(&mut list, 100);
        assert_eq!(list.capacity(), 100);
        make_room(&mut list, 101);
        assert_eq!((list.capacity(), memory_of(&list)), (112, 112));
    }
}
