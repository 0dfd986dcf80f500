//! The undo step of each command.

use super::{CheckpointCommand, Command, RunCommand};
use crate::ui::state::history::Act;
use flatland_core::result::Quantity;

impl Command {
    /// The undo step of the command.
    pub fn act(&self) -> Act {
        let command = self;
        // Commands within a view are of different kinds.
        let within = match command {
            Command::Landscape(command) => command.act(),
            Command::Scatter(command) => command.act(),
            _ => "",
        };
        let name = match command {
            Command::Landscape(_) | Command::Scatter(_) => within.into(),
            Command::RemoveCheckpoint(name) => return Act::alone(format!("close checkpoint {name}")),
            Command::RemoveDataset(name) => return Act::alone(format!("close dataset {name}")),
            Command::ChangeDataset(name, _) => return Act::alone(format!("change dataset {name}")),
            Command::AddDataset(entry) => return Act::alone(format!("open images {}", entry.name)),
            // Moving a checkpoint is one step, however many places it moves.
            Command::Checkpoint(name, command @ (CheckpointCommand::TakePlaceOf(_) | CheckpointCommand::MoveBy(_))) => about(name, command),
            Command::Checkpoint(name, command) => return Act::alone(about(name, command)),
            Command::Run(RunCommand::AddToSession { .. }) => return Act::alone("add the weights of a run"),
            Command::Run(RunCommand::LookInto(_)) => return Act::alone("look into another folder of runs"),
            Command::AddHessian => return Act::alone("compute the Hessian"),
            Command::ShowPlanes(true) => "show random planes".into(),
            Command::ShowPlanes(false) => "show sharpness".into(),
            Command::OnlyDifferences(true) => "compare what differs".into(),
            Command::OnlyDifferences(false) => "compare everything".into(),
            Command::SelectDataset(name) => format!("measure on {name}"),
            Command::SelectQuantity(quantity) => format!("show {}", quantity.map_or("loss", Quantity::label)),
            Command::ShowDifference(true) => "show differences".into(),
            Command::ShowDifference(false) => "show loss".into(),
            Command::SetExtents(..) => "move or zoom the plots".into(),
            Command::ChangeFigure(_) => "change how figures look".into(),
            Command::SelectScore(_) => "choose the score".into(),
            Command::ShowRelative(_) => "change the axis of sharpness".into(),
            Command::SetLink(link, on) => format!("{} {}", if *on { "link" } else { "unlink" }, link.label()),
            _ => "change the view".into(),
        };
        Act { name, kind: Some((self.id(), within)) }
    }
}

/// Name of the step that a command on the checkpoint `name` makes.
fn about(name: &str, command: &CheckpointCommand) -> String {
    match command {
        CheckpointCommand::TakePlaceOf(_) | CheckpointCommand::MoveBy(_) => format!("move {name}"),
        CheckpointCommand::Rename(to) => format!("rename {name} to {to}"),
        CheckpointCommand::Hide(true) => format!("hide {name}"),
        CheckpointCommand::Hide(false) => format!("show {name}"),
        CheckpointCommand::Baseline => format!("take differences to {name}"),
        CheckpointCommand::Color(_) => format!("colour {name}"),
        CheckpointCommand::Normalize(_) => format!("normalize the inputs of {name}"),
        CheckpointCommand::Architecture(None) => format!("infer the network of {name}"),
        CheckpointCommand::Architecture(Some(network)) => format!("read {name} as {network}"),
        CheckpointCommand::ReadAs(what) => format!("read {name} as {}", what.architecture),
        CheckpointCommand::Weights(key) => format!("read {key} of {name}"),
        CheckpointCommand::OpenBeside(key) => format!("open {key} beside {name}"),
    }
}
