//! Stops a server in the middle of a request: where it draws randomness.

use std::sync::{Arc, Condvar, Mutex};

use countersign_server::clock::Randomness;

/// Randomness that can be made to wait.
#[derive(Clone, Default)]
pub(crate) struct Brake(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// Draws until the one that waits.
    draws_left: Option<u32>,
    waiting: bool,
}

impl Brake {
    pub(crate) fn randomness(&self) -> Randomness {
        let (brake, system) = (self.clone(), Randomness::system().unwrap());
        Randomness::from_fn(move || {
            brake.draw();
            system.entropy().bytes()
        })
    }

    fn draw(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.draws_left = state.draws_left.map(|left| left.saturating_sub(1));
        if state.draws_left == Some(0) {
            *state = State { draws_left: None, waiting: true };
            drop(changed.wait_while(state, |state| state.waiting).unwrap());
        }
    }

    /// The `number`-th draw from now waits, and no other.
    pub(crate) fn stop_at(&self, number: u32) {
        self.0.0.lock().unwrap().draws_left = Some(number);
    }

    /// Whether a draw waits now.
    pub(crate) fn has_stopped(&self) -> Option<()> {
        self.0.0.lock().unwrap().waiting.then_some(())
    }

    pub(crate) fn release(&self) {
        self.0.0.lock().unwrap().waiting = false;
        self.0.1.notify_all();
    }
}
