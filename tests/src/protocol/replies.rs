//! Every command's replies, exactly, in RESP2 and RESP3.

use crate::harness::session::play_on_both_protocols;

#[tokio::test]
async fn of_locks() {
    let session = r#"
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.RENEW lock ann 60000 => 1
        SECKILL.RENEW lock bob 60000 => 0
        SECKILL.LOCK lock bob 60000 BLOCK 1 => nil
        SECKILL.UNLOCK lock bob => 0
        SECKILL.UNLOCK lock ann => 1
        SECKILL.UNLOCK lock ann => 0
        SECKILL.RENEW lock ann 60000 => 0
        SECKILL.WAITERS lock => {"token" nil "lease" nil "fence" nil "waiters" []}
        SET lock eve => OK
        SECKILL.WAITERS lock => {"token" "eve" "lease" 0 "fence" nil "waiters" []}
    "#;
    play_on_both_protocols("", session).await;
}

#[tokio::test]
async fn of_sales() {
    let session = r#"
        SECKILL.CREATE sale STOCK 10 LIMIT 4 HOLD 60000 => OK
        SECKILL.CREATE sale STOCK 10 LIMIT 4 HOLD 60000 => OK
        SECKILL.BUY sale ann o1 => HELD
        SECKILL.BUY sale ann o1 => HELD
        SECKILL.BUY sale ann o2 QTY 2 => HELD
        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.EXTEND sale o2 120000 => HELD
        SECKILL.EXTEND sale o1 120000 => SOLD
        SECKILL.CANCEL sale o1 => SOLD
        SECKILL.ORDER sale o2 => {"order" "o2" "buyer" "ann" "qty" 2 "state" HELD "at" <ms> "deadline" <ms> "seq" 5}
        SECKILL.BUYER sale ann => {"held" 2 "sold" 1 "orders" ["o2" "o1"]}
        SECKILL.CANCEL sale o2 => CANCELLED
        SECKILL.CANCEL sale o2 => CANCELLED
        SECKILL.CONFIRM sale o2 => CANCELLED
        SECKILL.EXTEND sale o2 60000 => CANCELLED
        SECKILL.BUY sale ann o2 QTY 2 => CANCELLED
        SECKILL.RESTOCK sale 5 => 14
        SECKILL.RESTOCK sale -4 ID r1 => 10
        SECKILL.RESTOCK sale -4 ID r1 => 10
        SECKILL.RESTOCK sale 0 ID r2 => 10
        SECKILL.RESTOCK sale 0 ID r2 => 10
        SECKILL.ALTER sale HOLD 0 OPENS 1000000000005 => OK
        SECKILL.ALTER sale HOLD 0 => OK
        SECKILL.BUY sale bob o3 => SOLD
        SECKILL.CANCEL sale o3 REFUND => CANCELLED
        SECKILL.BUY sale bob o3 => CANCELLED

        SECKILL.ORDER sale o1 => {"order" "o1" "buyer" "ann" "qty" 1 "state" SOLD "at" <ms> "deadline" 0 "seq" 4}
        SECKILL.ORDER sale o2 => {"order" "o2" "buyer" "ann" "qty" 2 "state" CANCELLED "at" <ms> "deadline" 0 "seq" 6}
        SECKILL.ORDER sale o4 => nil
        SECKILL.BUYER sale ann => {"held" 0 "sold" 1 "orders" ["o2" "o1"]}
        SECKILL.BUYER sale eve => {"held" 0 "sold" 0 "orders" []}
        SECKILL.INFO sale => {"state" OPEN "available" 10 "held" 0 "sold" 1 "orders" 3 "buyers" 2 "limit" 4 "hold" 0 "opens" 1000000000005 "closes" 0 "seq" 12 "term" <us> "created" <ms> "diverged" 0 "attempts" 100 "now" <ms> "room" 4999997}
        SECKILL.AUDIT sale => OK
        SECKILL.EVENTS sale 0 COUNT 1 => [{"seq" 1 "term" <us> "at" <ms> "event" CREATED "qty" 10 "limit" 4 "hold" 60000 "opens" 0 "closes" 0 "attempts" 100}]
        SECKILL.EVENTS sale 1 COUNT 1 => [{"seq" 2 "term" <us> "at" <ms> "event" HELD "order" "o1" "buyer" "ann" "qty" 1 "deadline" <ms>}]
        SECKILL.EVENTS sale 3 COUNT 2 => [{"seq" 4 "term" <us> "at" <ms> "event" SOLD "order" "o1" "buyer" "ann" "qty" 1} {"seq" 5 "term" <us> "at" <ms> "event" HELD "order" "o2" "buyer" "ann" "qty" 2 "deadline" <ms>}]
        SECKILL.EVENTS sale 5 COUNT 1 => [{"seq" 6 "term" <us> "at" <ms> "event" CANCELLED "order" "o2" "buyer" "ann" "qty" 2}]
        SECKILL.EVENTS sale 6 COUNT 1 => [{"seq" 7 "term" <us> "at" <ms> "event" RESTOCKED "qty" 5 "id" nil}]
        SECKILL.EVENTS sale 7 COUNT 1 => [{"seq" 8 "term" <us> "at" <ms> "event" RESTOCKED "qty" -4 "id" "r1"}]
        SECKILL.EVENTS sale 8 COUNT 1 => [{"seq" 9 "term" <us> "at" <ms> "event" RESTOCKED "qty" 0 "id" "r2"}]
        SECKILL.EVENTS sale 9 COUNT 1 => [{"seq" 10 "term" <us> "at" <ms> "event" ALTERED "limit" 4 "hold" 0 "opens" 1000000000005 "closes" 0 "attempts" 100}]
        SECKILL.EVENTS sale 10 => [{"seq" 11 "term" <us> "at" <ms> "event" SOLD "order" "o3" "buyer" "bob" "qty" 1} {"seq" 12 "term" <us> "at" <ms> "event" CANCELLED "order" "o3" "buyer" "bob" "qty" 1}]
        SECKILL.EVENTS sale 12 => []
    "#;
    play_on_both_protocols("", session).await;
}

#[tokio::test]
async fn of_the_states_of_a_sale() {
    let session = r#"
        SECKILL.CREATE gone STOCK 0 => OK
        SECKILL.INFO gone => {"state" SOLDOUT "available" 0 "held" 0 "sold" 0 "orders" 0 "buyers" 0 "limit" 0 "hold" 0 "opens" 0 "closes" 0 "seq" 1 "term" <us> "created" <ms> "diverged" 0 "attempts" 0 "now" <ms> "room" 5000000}
        SECKILL.CREATE soon STOCK 0 OPENS 9007199254740990 CLOSES 9007199254740991 => OK
        SECKILL.INFO soon => {"state" UPCOMING "available" 0 "held" 0 "sold" 0 "orders" 0 "buyers" 0 "limit" 0 "hold" 0 "opens" 9007199254740990 "closes" 9007199254740991 "seq" 1 "term" <us> "created" <ms> "diverged" 0 "attempts" 0 "now" <ms> "room" 5000000}
        SECKILL.CREATE over STOCK 3 OPENS 1000000000001 CLOSES 1000000000002 => OK
        SECKILL.INFO over => {"state" CLOSED "available" 3 "held" 0 "sold" 0 "orders" 0 "buyers" 0 "limit" 0 "hold" 0 "opens" 1000000000001 "closes" 1000000000002 "seq" 1 "term" <us> "created" <ms> "diverged" 0 "attempts" 0 "now" <ms> "room" 5000000}
    "#;
    play_on_both_protocols("", session).await;
}

/// Calls that come too late get the state of the order, not an error.
#[tokio::test]
async fn of_a_hold_that_ran_out() {
    let session = r#"
        SECKILL.CREATE sale STOCK 2 HOLD 1 => OK
        SECKILL.BUY sale ann o1 => HELD
        DEBUG SLEEP 0.01 => OK
        SECKILL.CONFIRM sale o1 => EXPIRED
        SECKILL.EXTEND sale o1 60000 => EXPIRED
        SECKILL.CANCEL sale o1 => EXPIRED
        SECKILL.CANCEL sale o1 REFUND => EXPIRED
        SECKILL.BUY sale ann o1 => EXPIRED
        SECKILL.ORDER sale o1 => {"order" "o1" "buyer" "ann" "qty" 1 "state" EXPIRED "at" <ms> "deadline" 0 "seq" 3}
        SECKILL.EVENTS sale 2 => [{"seq" 3 "term" <us> "at" <ms> "event" EXPIRED "order" "o1" "buyer" "ann" "qty" 1}]
    "#;
    play_on_both_protocols("", session).await;
}
