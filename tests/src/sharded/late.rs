//! A purchase whose first attempt arrives late.

use std::sync::{Arc, Mutex};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Arg, Cmd, Pipeline, RedisFuture, RedisResult, Value};
use seckill_client::connect::{Connect, Node};
use seckill_client::{Client, Outcome};

use super::homes::buyers_at;
use super::shop::Shop;
use super::stage::SALE;

/// A server to which the first BUY is under way for long: it arrives just before the third. After it, memory is used up.
#[derive(Clone)]
struct Late {
    server: redis::Client,
    buys: Arc<Mutex<Vec<Cmd>>>,
}

#[derive(Clone)]
struct LateConnection {
    inner: MultiplexedConnection,
    late: Late,
}

impl Connect for Late {
    type Connection = LateConnection;

    async fn connect(&self) -> RedisResult<LateConnection> {
        Ok(LateConnection { inner: self.server.connect().await?, late: self.clone() })
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.server.connect_apart(node).await
    }
}

fn is_buy(command: &Cmd) -> bool {
    matches!(command.args_iter().next(), Some(Arg::Simple(b"SECKILL.BUY")))
}

impl LateConnection {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        if is_buy(command) {
            let before = {
                let mut buys = self.late.buys.lock().unwrap();
                buys.push(command.clone());
                buys.len() - 1
            };
            match before {
                0 => return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()),
                2 => {
                    let first = self.late.buys.lock().unwrap()[0].clone();
                    let mut other = self.late.server.connect().await?;
                    assert_eq!(first.query_async::<String>(&mut other).await?, "SOLD");
                    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(1).exec_async(&mut other).await?;
                }
                _ => {}
            }
        }
        self.inner.req_packed_command(command).await
    }
}

impl ConnectionLike for LateConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(self.send(cmd))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.inner.req_packed_commands(cmd, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}

/// The server fails after units were brought for the second attempt. The first one is an order, so nobody is told that there
/// is none.
#[tokio::test]
async fn may_be_an_order() {
    let mut shop = Shop::open(2, 1).await;
    let mut buyers = buyers_at(&[0], 2);
    assert!(shop.sale.buy(&buyers.next().unwrap()).await.unwrap().is_accepted());
    let server = redis::Client::open(format!("redis://127.0.0.1:{}/", shop.server.port())).unwrap();
    let late = Client::new(Late { server, buys: Arc::default() });
    let sale = late.sharded(SALE).await.unwrap();
    let buyer = buyers.next().unwrap();
    let receipt = sale.buy(&buyer).await.unwrap();
    assert_eq!((&receipt.outcome, receipt.is_final), (&Outcome::Unknown, false));
    assert_eq!(shop.ask("CONFIG SET maxmemory 0").await, "OK");
    assert!(shop.sale.home(&buyer).order(&receipt.order).await.unwrap().is_some());
}
