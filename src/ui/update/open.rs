//! Opens paths after they were inspected: sessions, checkpoints, images.

use super::App;
use crate::ui::state::history::UndoStep;
use crate::ui::state::stem;
use crate::ui::work::inspect_path::Opened;

impl App {
    pub(in crate::ui) fn opened(&mut self, opened: Vec<Opened>) {
        self.close_demo(&opened);
        let mut failed = Vec::new();
        for one in opened {
            let before = self.state.session.clone();
            match one {
                Opened::Session(path, session) => self.open_session(path, *session),
                Opened::Checkpoint(path, weights) => {
                    let step = UndoStep::separate(format!("open checkpoint {}", stem(&path)));
                    self.add_checkpoint(path, weights);
                    self.record(step, before);
                    self.replan();
                }
                Opened::Dataset(path, role) => {
                    let step = UndoStep::separate(format!("open images {}", stem(&path)));
                    self.add_dataset(path, role);
                    self.record(step, before);
                    self.replan();
                }
                Opened::Failed(message) => failed.push(message),
            }
        }
        // One message: the next would take the place of the last.
        if !failed.is_empty() {
            self.state.report_error(failed.join("\n"));
        }
    }
}
