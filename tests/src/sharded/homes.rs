//! Which buyer is at home where, computed by nothing of ours.

use crc::{CRC_32_ISO_HDLC, Crc};

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The home shard of a buyer.
pub(super) fn home(buyer: &[u8], shards: usize) -> usize {
    CRC.checksum(buyer) as usize % shards
}

/// Buyers whose home is one of these shards.
pub(super) fn buyers_at(homes: &[usize], shards: usize) -> impl Iterator<Item = String> + use<> {
    let homes = homes.to_vec();
    let buyers = (0u32..).map(|number| format!("buyer-{number}"));
    buyers.filter(move |buyer| homes.contains(&home(buyer.as_bytes(), shards)))
}
