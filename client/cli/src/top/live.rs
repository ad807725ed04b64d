//! The view on the terminal, until the user quits.

use std::time::Duration;

use crossterm::event::Event;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::app::{App, Flow};
use super::format::brief;
use super::input;
use super::keyboard;
use super::sample::Sample;
use super::sampler::Sampler;
use super::sampling::{self, Demand};
use super::screen::Screen;
use super::view::{self, Theme};
use crate::exit::{Exit, Failure};

/// The longest that the screen stays as it is: it says for how long there was no answer.
const REDRAW: Duration = Duration::from_secs(1);

/// Shows the first sample, and all that follow.
pub(super) async fn run(
    sampler: Sampler,
    first: Sample,
    interval: Duration,
    theme: Theme,
) -> Result<Exit, Failure> {
    let mut app = App::new(interval);
    app.take(Ok(first));
    let (wants, demand) = watch::channel(Demand::default());
    let (sender, mut samples) = mpsc::channel(1);
    let mut signals = Signals::new()?;
    let mut screen = Screen::open()?;
    let mut events = keyboard::read();
    let reader = tokio::spawn(sampling::run(sampler, interval, demand, sender));
    loop {
        screen.0.draw(|frame| view::draw(frame, &app, theme))?;
        tokio::select! {
            event = events.recv() => match event {
                Some(Ok(Event::Key(key))) if input::is_redraw(key) => screen.0.clear()?,
                Some(Ok(Event::Key(key))) => {
                    let flow = input::action(key, &app).map_or(Flow::GoesOn, |action| app.act(action));
                    if flow == Flow::Ends {
                        break;
                    }
                    let wanted = Demand { is_paused: app.is_paused, detail: app.detail.clone() };
                    wants.send_if_modified(|demand| std::mem::replace(demand, wanted.clone()) != wanted);
                }
                // The next drawing has the new size.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => break,
            },
            sample = samples.recv() => match sample {
                Some(sample) => app.take(sample.map_err(brief)),
                None => return Err(Failure::Server("the servers are not read any more".to_owned())),
            },
            () = tokio::time::sleep(REDRAW) => {}
            () = signals.next() => break,
        }
    }
    reader.abort();
    Ok(Exit::Done)
}

/// The signals that end the view.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
