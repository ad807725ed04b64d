//! The connection of measurements: commands are sent in batches, and every reply is checked.

use std::time::Duration;

use redis::{Client, Cmd, FromRedisValue, RedisResult, Script, ToRedisArgs, Value};

use crate::failure::Failure;

/// Far above what any command takes, so that only a dead server meets it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The expected reply of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    /// This status.
    Word(&'static str),
    /// An array of these statuses.
    Words(&'static [&'static str]),
    /// This number.
    Number(i64),
    /// Any number.
    SomeNumber,
    /// Any bytes.
    SomeText,
}

impl Reply {
    fn is(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Word(word), Value::SimpleString(said)) => word == said,
            (Self::Word(word), Value::Okay) => word == "OK",
            (Self::Words(words), Value::Array(values)) => {
                words.len() == values.len()
                    && words.iter().zip(values).all(|(word, value)| Self::Word(word).is(value))
            }
            (Self::Number(number), Value::Int(said)) => number == *said,
            (Self::SomeNumber, Value::Int(_)) | (Self::SomeText, Value::BulkString(_)) => true,
            _ => false,
        }
    }
}

/// Commands that are sent in one piece.
pub(crate) struct Batch {
    bytes: Vec<u8>,
    commands: usize,
}

/// A blocking connection: no runtime between it and the socket takes time.
pub(crate) struct Pipe {
    connection: redis::Connection,
    depth: usize,
}

impl Pipe {
    /// A connection whose batches are of `depth` commands.
    pub(crate) fn open(client: &Client, depth: usize) -> RedisResult<Self> {
        let connection = client.get_connection()?;
        connection.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { connection, depth })
    }

    /// Sends one command.
    pub(crate) fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        command.query(&mut self.connection)
    }

    /// Sets a config of the server.
    pub(crate) fn set(&mut self, config: &str, value: impl ToRedisArgs) -> RedisResult<()> {
        self.ask(redis::cmd("CONFIG").arg("SET").arg(config).arg(value))
    }

    /// Loads a script into the server.
    pub(crate) fn load(&mut self, script: &Script) -> RedisResult<()> {
        script.prepare_invoke().load(&mut self.connection).map(drop)
    }

    /// Sends commands, each of which must get this reply.
    pub(crate) fn send(
        &mut self,
        commands: impl IntoIterator<Item = Cmd>,
        reply: Reply,
    ) -> Result<(), Failure> {
        self.exchange(batches(self.depth, commands), reply)
    }

    /// Packs commands before the time is measured.
    pub(crate) fn pack(&self, commands: impl IntoIterator<Item = Cmd>) -> Vec<Batch> {
        batches(self.depth, commands).collect()
    }

    /// Sends batches. The next one is sent before the replies to the last one are read, so that the server
    /// does not wait for the client.
    pub(crate) fn exchange(
        &mut self,
        batches: impl IntoIterator<Item = Batch>,
        reply: Reply,
    ) -> Result<(), Failure> {
        let mut awaited = 0;
        for batch in batches {
            self.connection.send_packed_command(&batch.bytes)?;
            self.receive(awaited, reply)?;
            awaited = batch.commands;
        }
        self.receive(awaited, reply)
    }

    fn receive(&mut self, count: usize, reply: Reply) -> Result<(), Failure> {
        for _ in 0..count {
            let value = self.connection.recv_response()?;
            if !reply.is(&value) {
                return Err(format!("the server replied {value:?}, and not {reply:?}").into());
            }
        }
        Ok(())
    }
}

fn batches(depth: usize, commands: impl IntoIterator<Item = Cmd>) -> impl Iterator<Item = Batch> {
    let mut commands = commands.into_iter();
    std::iter::from_fn(move || {
        let mut batch = Batch { bytes: Vec::new(), commands: 0 };
        for command in commands.by_ref().take(depth) {
            command.write_packed_command(&mut batch.bytes);
            batch.commands += 1;
        }
        (batch.commands > 0).then_some(batch)
    })
}
