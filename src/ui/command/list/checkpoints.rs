//! Commands for each open checkpoint.

use super::{Item, Section};
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::State;
use crate::ui::state::programs::is_own_program;

pub fn checkpoint_items(state: &State) -> Vec<Item> {
    let baseline = state.session.landscape_baseline();
    let last = state.session.checkpoints.len().saturating_sub(1);
    let mut items = Vec::new();
    for (index, checkpoint) in state.session.checkpoints.iter().enumerate() {
        let name = &checkpoint.name;
        let item = |verb: &str, command, submenu| {
            Item::new(Section::Edit, verb.replace('*', name), Command::Checkpoint(name.clone(), command)).under(submenu)
        };
        let hidden = checkpoint.hidden;
        items.push(item(if hidden { "Show *" } else { "Hide *" }, CheckpointCommand::Hide(!hidden), "Hide or show"));
        items.push(item("Take differences to *", CheckpointCommand::Baseline, "Baseline").chosen(baseline == Some(name)));
        items.push(item("Move * forward", CheckpointCommand::MoveBy(-1), "Order").only_if(index > 0, "it is the first"));
        let program = item("Read * as an exported program…", CheckpointCommand::ChooseProgram, "Exported program");
        items.push(program.only_if(!is_own_program(checkpoint), "its file is one"));
        let known = state.store.inspection(checkpoint);
        for key in known.filter(|known| known.state_dicts.len() > 1).iter().flat_map(|known| &known.state_dicts) {
            let read = known.and_then(|known| known.weights.as_ref()) == Some(key);
            items.push(item(&format!("Read {key} of *"), CheckpointCommand::Weights(key.clone()), "State dicts").chosen(read));
            let beside = CheckpointCommand::OpenBeside(key.clone());
            items.push(item(&format!("Open {key} beside *"), beside, "State dicts").only_if(!read, "it is read already"));
        }
        items.push(item("Move * back", CheckpointCommand::MoveBy(1), "Order").only_if(index < last, "it is the last"));
    }
    items
}
