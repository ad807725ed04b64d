//! The memory that a process needs for a sale.

use futures_util::future::{join_all, try_join_all};
use seckill_client::connect::Cluster;
use seckill_client::{Client, ShardedSale};
use seckill_page::numerals::thousands;

use super::place::{Place, SALE, create};
use super::places::Places;
use super::plan::ScalePlan;
use super::process::resident;
use super::refusals::until_known;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::table::{Table, number};

/// The bytes of a process, as means of many in one.
#[derive(serde::Serialize)]
pub(super) struct Footprint {
    pub(super) shards: usize,
    /// The client, with a connection to each server, and the handle of the sale.
    pub(super) handle: f64,
    /// What is known of each shard, with the connections on which servers push what changes.
    pub(super) memory: f64,
}

/// To be measured first, before this process has freed memory that could be used again.
pub(super) async fn run(
    plan: &ScalePlan,
    places: &mut Places,
    progress: &Progress,
) -> Result<Vec<Footprint>, Failure> {
    let sizes = [plan.shards, plan.many_shards];
    progress.begin("memory", sizes.len());
    let mut footprints = Vec::new();
    // What is freed would be used again.
    let mut kept = Vec::new();
    for shards in sizes {
        let place = places.largest();
        create(&place.cluster_client()?, shards, 0).await?;
        let (footprint, sales) = measure(plan, place, shards).await?;
        footprints.push(footprint);
        kept.extend(sales);
        place.clear()?;
        progress.step();
    }
    Ok(footprints)
}

async fn measure(
    plan: &ScalePlan,
    place: &Place,
    shards: usize,
) -> Result<(Footprint, Vec<ShardedSale<Cluster>>), Failure> {
    // What is made once in a process does not count.
    let first = place.cluster_client()?.sharded(SALE).await?;
    until_known(&first).await?;
    let each = |bytes: f64| bytes / plan.weighed as f64;
    let begun = resident()?;
    let mut clients = Vec::with_capacity(plan.weighed);
    for _ in 0..plan.weighed {
        let client = place.cluster_client()?;
        connect(&client).await?;
        clients.push(client);
    }
    let mut sales = try_join_all(clients.iter().map(|client| client.sharded(SALE))).await?;
    let opened = resident()?;
    // One after the other, so that the replies to all are not in memory at once.
    for sale in &sales {
        until_known(sale).await?;
    }
    let armed = resident()?;
    let footprint = Footprint { shards, handle: each(opened - begun), memory: each(armed - opened) };
    sales.push(first);
    Ok((footprint, sales))
}

/// Asks for something on each server.
async fn connect(client: &Client<Cluster>) -> Result<(), Failure> {
    // There are no such sales.
    let names = (0..100).map(|number: u32| number.to_string());
    join_all(names.map(|name| async { client.sale(name).info().await.map(drop) })).await;
    Ok(())
}

pub(super) fn table(plan: &ScalePlan, footprints: &[Footprint]) -> Table {
    let row = |footprint: &Footprint| {
        let Footprint { shards, handle, memory } = footprint;
        [*shards as f64, *handle, *memory, handle + memory].map(thousands).to_vec()
    };
    Table {
        title: "Memory of a process".to_owned(),
        about: format!("a cluster of 4 servers; bytes, the mean of {} clients in one process", plan.weighed),
        columns: vec![
            number("shards"),
            number("client and handle"),
            number("what is known"),
            number("all"),
        ],
        rows: footprints.iter().map(row).collect(),
        notes: vec![
            "By the growth of resident memory; the client has a connection to each server. What is known: the figures of all \
             shards, and a further connection to each server, on which it pushes what changes."
                .to_owned(),
        ],
    }
}
