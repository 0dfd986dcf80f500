//! The undo step of each command.

use super::{CheckpointCommand, Command, RunCommand};
use crate::ui::state::history::UndoStep;
use flatland_core::result::Quantity;
use flatland_core::session::architecture_label;

impl Command {
    /// The undo step of the command.
    pub fn undo_step(&self) -> UndoStep {
        let command = self;
        // Commands within a view are of different kinds.
        let within = if let Self::Landscape(command) = self { command.undo_name() } else { "" };
        let within = if let Self::Scatter(command) = self { command.undo_name() } else { within };
        let name = match command {
            Command::Landscape(_) | Command::Scatter(_) => within.into(),
            Command::RemoveCheckpoint(name) => return UndoStep::separate(format!("close checkpoint {name}")),
            Command::RemoveDataset(name) => return UndoStep::separate(format!("close dataset {name}")),
            Command::ChangeDataset(name, _) => return UndoStep::separate(format!("change dataset {name}")),
            Command::AddDataset(entry) => return UndoStep::separate(format!("open images {}", entry.name)),
            // Moving a checkpoint is one step, however many places it moves.
            Command::Checkpoint(name, command @ (CheckpointCommand::TakePlaceOf(_) | CheckpointCommand::MoveBy(_))) => {
                checkpoint_step_name(name, command)
            }
            Command::Checkpoint(name, command) => return UndoStep::separate(checkpoint_step_name(name, command)),
            Command::Run(RunCommand::AddToSession { .. }) => return UndoStep::separate("add the weights of a run"),
            Command::Run(RunCommand::LookInto(_)) => return UndoStep::separate("change the folder of runs"),
            Command::AddHessian => return UndoStep::separate("compute the Hessian"),
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
            Command::NewSession
            | Command::OpenDemo
            | Command::Save
            | Command::SaveDialog
            | Command::SaveAs(_)
            | Command::Restore(_)
            | Command::Forget(_)
            | Command::Undo
            | Command::Redo
            | Command::TogglePalette
            | Command::ToggleShortcuts
            | Command::Back
            | Command::ZoomIn
            | Command::ZoomOut
            | Command::ZoomReset
            | Command::Close(_)
            | Command::Open(..)
            | Command::OpenDialog(_)
            | Command::CopyText(..)
            | Command::Cancel(_)
            | Command::Pause(..)
            | Command::Retry(_)
            | Command::Prioritize(_)
            | Command::ToggleLog
            | Command::RestartWorker
            | Command::Show(_)
            | Command::ToggleExport
            | Command::Export(_)
            | Command::ExportDialog(_)
            | Command::CopyFigure
            | Command::SetTheme(_)
            | Command::DismissMessage
            | Command::Run(_) => "change the view".into(),
        };
        UndoStep { name, kind: Some((self.id(), within)) }
    }
}

/// Name of the step that a command on the checkpoint `name` makes.
fn checkpoint_step_name(name: &str, command: &CheckpointCommand) -> String {
    match command {
        CheckpointCommand::TakePlaceOf(_) | CheckpointCommand::MoveBy(_) => format!("move {name}"),
        CheckpointCommand::Rename(to) => format!("rename {name} to {to}"),
        CheckpointCommand::Hide(true) => format!("hide {name}"),
        CheckpointCommand::Hide(false) => format!("show {name}"),
        CheckpointCommand::Baseline => format!("take differences to {name}"),
        CheckpointCommand::Color(_) => format!("colour {name}"),
        CheckpointCommand::Normalize(_) => format!("normalize the inputs of {name}"),
        CheckpointCommand::Prepare(_) => format!("resize the inputs of {name}"),
        CheckpointCommand::Architecture(None) => format!("infer the network of {name}"),
        CheckpointCommand::Architecture(Some(network)) => format!("read {name} as {}", architecture_label(network)),
        CheckpointCommand::Program(program) => {
            format!("read {name} as {}", architecture_label(program.architecture.as_deref().unwrap_or_default()))
        }
        CheckpointCommand::Features(Some(value)) => format!("take {value} as features of {name}"),
        CheckpointCommand::Features(None) => format!("infer the features of {name}"),
        CheckpointCommand::Output(Some(output)) => format!("take {output} as logits of {name}"),
        CheckpointCommand::Output(None) => format!("infer the logits of {name}"),
        CheckpointCommand::ChooseProgram => format!("choose the program of {name}"),
        CheckpointCommand::ReadAs(what) => format!("read {name} as {}", what.architecture),
        CheckpointCommand::Weights(key) => format!("read {key} of {name}"),
        CheckpointCommand::OpenBeside(key) => format!("open {key} beside {name}"),
    }
}
