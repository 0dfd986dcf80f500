//! Opens paths after they were inspected: sessions, checkpoints, images.

use super::App;
use crate::ui::state::history::Act;
use crate::ui::state::stem;
use crate::ui::work::open::Opened;

impl App {
    pub(in crate::ui) fn opened(&mut self, opened: Vec<Opened>) {
        self.leave_demo(&opened);
        for one in opened {
            let before = self.state.session.clone();
            match one {
                Opened::Session(path, session) => self.open_session(path, *session),
                Opened::Checkpoint(path, weights) => {
                    let act = Act::alone(format!("open checkpoint {}", stem(&path)));
                    self.add_checkpoint(path, weights);
                    self.record(act, before);
                    self.replan();
                }
                Opened::Dataset(path, role) => {
                    let act = Act::alone(format!("open images {}", stem(&path)));
                    self.add_dataset(path, role);
                    self.record(act, before);
                    self.replan();
                }
                Opened::Failed(message) => self.state.complain(message),
            }
        }
    }
}
