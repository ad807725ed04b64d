//! The server is killed while locks are passed on: the AOF has every grant of which a client was told, and the last
//! owner of each lock.

use std::collections::BTreeMap;

use crate::harness::aof::{AOF, appended};
use crate::harness::contenders::{Contenders, LOCKS, Owner, must_agree, owners};
use crate::harness::server::Server;
use crate::harness::session::{ask, get};
use crate::harness::tenures::must_not_overlap;

/// What the commands of an AOF say about locks.
#[derive(Default)]
struct Replay {
    owners: BTreeMap<String, (String, i64)>,
    /// The grants: lock, token, fence.
    grants: Vec<(String, String, u64)>,
}

impl Replay {
    fn of(server: &Server) -> Self {
        let mut commands: Vec<Vec<String>> = vec![];
        for words in appended(server) {
            commands.push(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect());
            commands.last_mut().unwrap()[0].make_ascii_uppercase();
        }
        // The server drops a transaction without its end.
        if let Some(last) = commands.iter().rposition(|words| words[0] == "MULTI")
            && !commands[last..].iter().any(|words| words[0] == "EXEC")
        {
            commands.truncate(last);
        }
        let mut replay = Self::default();
        for words in &commands {
            replay.apply(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        replay
    }

    fn apply(&mut self, words: &[&str]) {
        match words {
            ["SECKILL.GRANT", lock, token, end, fence] => {
                self.owners.insert((*lock).to_owned(), ((*token).to_owned(), end.parse().unwrap()));
                self.grants.push(((*lock).to_owned(), (*token).to_owned(), fence.parse().unwrap()));
            }
            ["SET", lock, value, _, end] => {
                self.owners.insert((*lock).to_owned(), ((*value).to_owned(), end.parse().unwrap()));
            }
            ["PEXPIREAT", lock, end, ..] => {
                if let Some(owner) = self.owners.get_mut(*lock) {
                    owner.1 = end.parse().unwrap();
                }
            }
            ["DEL" | "UNLINK" | "GETDEL" | "SECKILL.UNLOCK" | "RENAME", lock, ..] => {
                self.owners.remove(*lock);
            }
            _ => {}
        }
    }

    fn owners(&self) -> Vec<Owner> {
        LOCKS.iter().map(|lock| self.owners.get(*lock).cloned()).collect()
    }
}

#[tokio::test]
async fn ten_kills_lose_no_owner() {
    let mut server = Server::with(AOF).await;
    let contenders = Contenders::at(&server).await;
    let mut moments = fastrand::Rng::with_seed(3);
    for _ in 0..10 {
        let moment = moments.usize(1..100);
        let kill = async |server: &mut Server| {
            contenders.wait_for_grants(moment).await;
            server.kill();
        };
        contenders.during(&mut server, kill).await;
        let replay = Replay::of(&server);
        let told = contenders.told.take();
        must_not_overlap(&told);
        for told in told {
            let grant = (told.lock, told.token, told.fence);
            assert!(replay.grants.contains(&grant), "{grant:?} is not in the AOF");
        }
        let rises = replay.grants.is_sorted_by(|(_, _, earlier), (_, _, later)| earlier < later);
        assert!(rises, "{:?}", replay.grants);

        server.restart().await;
        let mut connection = server.connect().await;
        must_agree(&replay.owners(), &owners(&mut connection).await);
        let fence: u64 = get(&mut connection, "SECKILL.LOCK free ann 1").await;
        assert!(replay.grants.iter().all(|(_, _, earlier)| *earlier < fence));
        // The owners are gone.
        ask(&mut connection, &format!("DEL {}", LOCKS.join(" "))).await;
    }
}
