//! The terminal while the view has it.

use std::io;

use ratatui::DefaultTerminal;

/// The whole screen. When this is dropped, or the program panics, the terminal is as it was before.
pub(super) struct Screen(pub(super) DefaultTerminal);

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        ratatui::try_init().map(Self).inspect_err(|_| ratatui::restore())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The terminal may be gone. It shows its cursor again when it is dropped itself.
        let _ = ratatui::try_restore();
    }
}
