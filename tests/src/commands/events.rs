//! `seckill events`.

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::{Value, json};

use super::program::Program;
use crate::harness::conditions::wait_until;
use crate::harness::server::Server;
use crate::harness::session::play;

/// `seckill events --follow`, until it is dropped.
struct Follower {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Follower {
    fn start(program: &Program, line: &str) -> Self {
        let mut process = program.command(line.split_whitespace()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("a line").unwrap()).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // An error says that it has ended.
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }
}

fn parse(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_line_has_the_fields_of_its_event() {
    let server = Server::start().await;
    let session = "
        SECKILL.CREATE bottles STOCK 3 HOLD 600000 => OK
        SECKILL.BUY bottles ann order-1 => HELD
        SECKILL.RESTOCK bottles -1 ID broken => 1
        SECKILL.ALTER bottles LIMIT 2 => OK
        SECKILL.CONFIRM bottles order-1 => SOLD
    ";
    play(&mut server.connect().await, session).await;
    let lines = parse(&Program::on(&server).prints("events bottles").await);
    let of = |line: &Value| {
        let mut line = line.as_object().unwrap().clone();
        let mut moment = |name: &str| line.remove(name).is_some_and(|value| value.is_u64());
        assert!(moment("term") && moment("at"));
        Value::from(line)
    };
    let rules = json!({ "limit": 0, "hold": 600_000, "opens": 0, "closes": 0, "attempts": 0 });
    let with = |mut fields: Value, rules: &Value| {
        fields.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        fields
    };
    assert_eq!(of(&lines[0]), with(json!({ "seq": 1, "event": "CREATED", "qty": 3 }), &rules));
    let mut held = of(&lines[1]);
    assert!(held.as_object_mut().unwrap().remove("deadline").is_some_and(|deadline| deadline.is_u64()));
    assert_eq!(held, json!({ "seq": 2, "event": "HELD", "order": "order-1", "buyer": "ann", "qty": 1 }));
    assert_eq!(of(&lines[2]), json!({ "seq": 3, "event": "RESTOCKED", "qty": -1, "id": "broken" }));
    assert_eq!((&lines[3]["event"], &lines[3]["limit"]), (&json!("ALTERED"), &json!(2)));
    assert_eq!(
        of(&lines[4]),
        json!({ "seq": 5, "event": "SOLD", "order": "order-1", "buyer": "ann", "qty": 1 })
    );
}

#[tokio::test]
async fn a_cursor_goes_on_where_it_ended() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    play(&mut shop, "SECKILL.CREATE bottles STOCK 5000 => OK").await;
    for order in 0..2_500 {
        play(&mut shop, &format!("SECKILL.BUY bottles ann order-{order} => SOLD")).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let cursor = directory.path().join("cursor");
    let read = format!("events bottles --cursor {}", cursor.display());
    let seqs =
        |printed: &str| parse(printed).iter().map(|line| line["seq"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(seqs(&program.prints(&read).await), (1..=2_501).collect::<Vec<_>>());
    assert_eq!(program.prints(&read).await, "");

    // A follower that is killed has stored what it printed before it waits.
    let mut follower = Follower::start(&program, &format!("{read} --follow"));
    play(&mut shop, "SECKILL.BUY bottles bob order-a => SOLD").await;
    assert_eq!(follower.next()["order"], "order-a");
    let stored = || std::fs::read_to_string(&cursor).unwrap();
    wait_until("the position is stored", async || stored().contains(",2502@")).await;
    drop(follower);
    play(&mut shop, "SECKILL.BUY bottles bob order-b => SOLD").await;
    assert_eq!(seqs(&program.prints(&read).await), [2_503]);

    // Nothing but the cursor is left in the directory.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    std::fs::write(&cursor, "seven").unwrap();
    let ended = program.run(&read).await;
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    assert_eq!(program.run("events missing").await.code, 1);
}

/// The history that the reader knows is not that of the sale any more.
#[tokio::test]
async fn a_fork_is_a_line_and_the_reader_goes_on() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    let first = "
        SECKILL.CREATE bottles STOCK 3 => OK
        SECKILL.BUY bottles ann order-1 => SOLD
    ";
    play(&mut shop, first).await;
    let directory = tempfile::tempdir().unwrap();
    let read = format!("events bottles --cursor {}", directory.path().join("cursor").display());
    assert_eq!(parse(&program.prints(&read).await).len(), 2);

    // As long as the first history, so that only the term tells them apart.
    let second = "
        DEL bottles => 1
        SECKILL.CREATE bottles STOCK 3 => OK
        SECKILL.BUY bottles bob order-2 => SOLD
    ";
    play(&mut shop, second).await;
    let ended = program.run(&read).await;
    let lines = parse(&ended.out);
    let events: Vec<&Value> = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["FORKED", "CREATED", "SOLD"], "{ended:?}");
    assert_eq!((&lines[0]["seq"], &lines[2]["buyer"]), (&json!(0), &json!("bob")));
    assert!(ended.code == 0 && ended.errors.contains("take back"), "{ended:?}");
    assert_eq!(program.prints(&read).await, "");
}

/// `seckill events | head -1` ends as other programs do there.
#[tokio::test]
async fn a_pipe_that_is_closed_ends_it_quietly() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    play(&mut shop, "SECKILL.CREATE bottles STOCK 3 => OK").await;
    let mut follower = Follower::start(&program, "events bottles --follow");
    assert_eq!(follower.next()["event"], "CREATED");
    let Follower { process, lines } = &mut follower;
    *lines = BufReader::new(
        std::process::Command::new("true")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
            .stdout
            .take()
            .unwrap(),
    )
    .lines();
    // A process that another test begins at this moment has the other end, too, until it executes its program.
    wait_until("it has ended", async || {
        play(&mut shop, "SECKILL.RESTOCK bottles 1 => 4\n SECKILL.RESTOCK bottles -1 => 3").await;
        process.try_wait().unwrap().is_some()
    })
    .await;
    let mut errors = String::new();
    std::io::Read::read_to_string(process.stderr.as_mut().unwrap(), &mut errors).unwrap();
    assert_eq!((process.wait().unwrap().code(), errors.as_str()), (Some(141), ""));
}

/// A replica that has not received what the cursor knows has nothing to print.
#[tokio::test]
async fn a_replica_behind_the_cursor_does_not_hold_the_reader() {
    let primary = Server::primary("").await;
    let replica = Server::replica_of(primary.port(), "").await;
    let mut shop = primary.connect().await;
    play(&mut shop, "SECKILL.CREATE bottles STOCK 3 => OK").await;
    replica.catch_up(&primary).await;
    play(&mut replica.connect().await, "REPLICAOF 127.0.0.1 1 => OK").await;
    play(&mut shop, "SECKILL.BUY bottles ann order-1 => SOLD").await;
    let directory = tempfile::tempdir().unwrap();
    let read = format!("events bottles --cursor {}", directory.path().join("cursor").display());
    Program::on(&primary).prints(&read).await;
    assert_eq!(Program::on(&replica).prints(&read).await, "");
}

/// Without --follow it ends when the server is gone.
#[tokio::test]
async fn a_reader_to_the_end_ends_with_its_server() {
    let mut server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    play(&mut shop, "SECKILL.CREATE bottles STOCK 9000 => OK").await;
    let orders: Vec<_> = (0..8_000).map(|order| ("ann", format!("order-{order}"))).collect();
    let mut pipe = redis::pipe();
    for (buyer, order) in &orders {
        pipe.cmd("SECKILL.BUY").arg("bottles").arg(buyer).arg(order).ignore();
    }
    pipe.exec_async(&mut shop).await.unwrap();
    // Its output is more than a pipe holds, so it has not read all events when the server ends.
    let mut reader = Follower::start(&program, "events bottles");
    assert_eq!(reader.next()["event"], "CREATED");
    server.kill();
    assert!(reader.lines.by_ref().count() < 8_000);
    assert_eq!(reader.process.wait().unwrap().code(), Some(3));
    server.restart().await;
}

/// A cursor that shares no term with the sale says nothing of where the histories part.
#[tokio::test]
async fn a_cursor_that_is_of_another_history_is_refused() {
    let server = Server::start().await;
    let program = Program::on(&server);
    play(&mut server.connect().await, "SECKILL.CREATE bottles STOCK 3 => OK").await;
    let term = parse(&program.prints("events bottles").await)[0]["term"].as_u64().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let cursor = directory.path().join("cursor");
    let foreign = format!("9@{}", term + 5);
    std::fs::write(&cursor, &foreign).unwrap();
    for follow in ["", " --follow"] {
        let ended = program.run(&format!("events bottles --cursor {}{follow}", cursor.display())).await;
        assert!(ended.code == 1 && ended.errors.contains("without the cursor"), "{ended:?}");
        assert_eq!(std::fs::read_to_string(&cursor).unwrap().trim(), foreign);
    }
}

/// A file that is no cursor file is neither read without end nor replaced; a link stays one.
#[tokio::test]
async fn a_cursor_file_is_an_ordinary_file() {
    let server = Server::start().await;
    let program = Program::on(&server);
    play(&mut server.connect().await, "SECKILL.CREATE bottles STOCK 3 => OK").await;
    let directory = tempfile::tempdir().unwrap();
    let (link, file) = (directory.path().join("link"), directory.path().join("file"));
    for no_file in ["/dev/full", directory.path().to_str().unwrap()] {
        let ended = program.run(&format!("events bottles --cursor {no_file}")).await;
        assert!(ended.code == 2 && ended.errors.contains("no ordinary file"), "{ended:?}");
    }
    std::fs::write(&file, "0@0").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    program.prints(&format!("events bottles --cursor {}", link.display())).await;
    assert!(link.is_symlink() && std::fs::read_to_string(&file).unwrap().contains("1@"));
}
