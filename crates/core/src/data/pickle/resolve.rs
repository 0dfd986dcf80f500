//! From the arena to a [`Value`]: shared nodes stay shared; cycles and values that expand without bound are refused.

use std::sync::Arc;

use super::machine::{Node, NodeId};
use super::{MAX_DEPTH, MAX_EXPANDED, Object, PickleError, Value};

/// Resolution of a node.
#[derive(Clone)]
enum State {
    /// Not begun.
    Untouched,
    /// Begun; met again, it is part of a cycle.
    Begun,
    /// Done.
    Done(Resolved),
}

/// A value with its nesting and the number of nodes of its full expansion.
#[derive(Clone)]
struct Resolved {
    value: Value,
    height: usize,
    size: u64,
}

/// The value of node `root`.
pub(super) fn resolve(nodes: &[Node], root: NodeId) -> Result<Value, PickleError> {
    let mut resolver = Resolver { nodes, states: vec![State::Untouched; nodes.len()] };
    Ok(resolver.node(root, 0)?.value)
}

struct Resolver<'a> {
    nodes: &'a [Node],
    states: Vec<State>,
}

/// Height and size gathered over the children of one node.
#[derive(Default)]
struct Extent {
    height: usize,
    size: u64,
}

impl Resolver<'_> {
    fn node(&mut self, id: NodeId, depth: usize) -> Result<Resolved, PickleError> {
        let refuse = |what: String| Err(PickleError::Refused(what));
        match &self.states[id as usize] {
            State::Done(resolved) => return Ok(resolved.clone()),
            State::Begun => return refuse("expected a tree of values, found a value that contains itself".into()),
            State::Untouched if depth > MAX_DEPTH => return refuse(format!("expected at most {MAX_DEPTH} levels of nesting, found more")),
            State::Untouched => self.states[id as usize] = State::Begun,
        }
        let nodes = self.nodes;
        let mut extent = Extent::default();
        let value = match &nodes[id as usize] {
            Node::Leaf(value) => value.clone(),
            Node::List(items) => Value::List(Arc::new(self.all(items, depth, &mut extent)?)),
            Node::Tuple(items) => Value::Tuple(Arc::new(self.all(items, depth, &mut extent)?)),
            Node::Dict(items) => Value::Dict(Arc::new(self.pairs(items, depth, &mut extent)?)),
            Node::Persistent(id) => Value::Persistent(Arc::new(self.child(*id, depth, &mut extent)?)),
            Node::Object(call) => Value::Object(Arc::new(Object {
                constructor: call.constructor.clone(),
                args: self.child(call.args, depth, &mut extent)?,
                state: call.state.map(|id| self.child(id, depth, &mut extent)).transpose()?,
                items: self.pairs(&call.items, depth, &mut extent)?,
                appended: self.all(&call.appended, depth, &mut extent)?,
            })),
        };
        let resolved = Resolved { value, height: extent.height + 1, size: extent.size.saturating_add(1) };
        if resolved.height > MAX_DEPTH {
            return refuse(format!("expected at most {MAX_DEPTH} levels of nesting, found more"));
        }
        if resolved.size > MAX_EXPANDED {
            return refuse(format!("expected at most {MAX_EXPANDED} values, found more when shared parts are counted each time"));
        }
        self.states[id as usize] = State::Done(resolved.clone());
        Ok(resolved)
    }

    fn child(&mut self, id: NodeId, depth: usize, extent: &mut Extent) -> Result<Value, PickleError> {
        let child = self.node(id, depth + 1)?;
        extent.height = extent.height.max(child.height);
        extent.size = extent.size.saturating_add(child.size);
        Ok(child.value)
    }

    fn all(&mut self, ids: &[NodeId], depth: usize, extent: &mut Extent) -> Result<Vec<Value>, PickleError> {
        ids.iter().map(|&id| self.child(id, depth, extent)).collect()
    }

    fn pairs(&mut self, ids: &[(NodeId, NodeId)], depth: usize, extent: &mut Extent) -> Result<Vec<(Value, Value)>, PickleError> {
        ids.iter().map(|&(key, value)| Ok((self.child(key, depth, extent)?, self.child(value, depth, extent)?))).collect()
    }
}
