//! The opcodes of a pickle on an arena of inert nodes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Global, MAX_NODES, PickleError, Value, resolve, text};

/// Index into the arena.
pub(super) type NodeId = u32;

/// A value under construction; children by index, so lists that later opcodes fill keep their identity.
pub(super) enum Node {
    Leaf(Value),
    List(Vec<NodeId>),
    Tuple(Vec<NodeId>),
    Dict(Vec<(NodeId, NodeId)>),
    Object(Box<Call>),
    Persistent(NodeId),
}

/// A call that is recorded and not made, see [`super::Object`].
pub(super) struct Call {
    pub(super) constructor: Global,
    pub(super) args: NodeId,
    pub(super) state: Option<NodeId>,
    pub(super) items: Vec<(NodeId, NodeId)>,
    pub(super) appended: Vec<NodeId>,
}

pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    nodes: Vec<Node>,
    stack: Vec<NodeId>,
    marks: Vec<usize>,
    memo: HashMap<u64, NodeId>,
    globals: BTreeSet<Global>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, nodes: vec![], stack: vec![], marks: vec![], memo: HashMap::new(), globals: BTreeSet::new() }
    }

    pub(super) fn consumed(&self) -> usize {
        self.position
    }

    /// The value of a node.
    pub(super) fn value(&self, id: NodeId) -> Result<Value, PickleError> {
        resolve::resolve(&self.nodes, id)
    }

    pub(super) fn globals(self) -> Vec<Global> {
        self.globals.into_iter().collect()
    }

    /// Runs to `STOP` and gives the value's node.
    pub(super) fn run(&mut self) -> Result<NodeId, PickleError> {
        loop {
            if self.nodes.len() > MAX_NODES || self.memo.len() > MAX_NODES || self.stack.len() > MAX_NODES || self.marks.len() > MAX_NODES {
                return Err(PickleError::Refused(format!("expected at most {MAX_NODES} values, found more")));
            }
            let opcode = self.take(1, "an opcode")?[0];
            if opcode == b'.' {
                return self.pop();
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            // Framing and protocol.
            0x80 => {
                let version = self.take(1, "a protocol version")?[0];
                if version > 5 {
                    return self.bad(format!("expected protocol 0 to 5, found {version}"));
                }
            }
            0x95 => drop(self.take(8, "a frame length")?),
            // The stack.
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            // The memo.
            b'p' | b'q' | b'r' | 0x94 => {
                let key = match opcode {
                    b'p' => self.line_number()?,
                    b'q' => self.unsigned(1)?,
                    b'r' => self.unsigned(4)?,
                    _ => self.memo.len() as u64,
                };
                let top = self.top()?;
                self.memo.insert(key, top);
            }
            b'g' | b'h' | b'j' => {
                let key = match opcode {
                    b'g' => self.line_number()?,
                    b'h' => self.unsigned(1)?,
                    _ => self.unsigned(4)?,
                };
                match self.memo.get(&key) {
                    Some(&id) => self.stack.push(id),
                    None => return self.bad(format!("expected a memo entry {key}, found none")),
                }
            }
            b'N' | 0x88 | 0x89 | b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b | b'F' | b'G' => {
                let number = self.number(opcode)?;
                self.push(Node::Leaf(number));
            }
            b'S' | b'T' | b'U' | b'V' | b'X' | 0x8c | 0x8d | b'B' | b'C' | 0x8e | 0x96 => {
                let string = self.string(opcode)?;
                self.push(Node::Leaf(string));
            }
            b')' | b't' | 0x85 | 0x86 | 0x87 | b']' | b'l' | b'}' | b'd' | 0x8f | 0x91 => self.container(opcode)?,
            b'a' | b'e' | b's' | b'u' | 0x90 | b'b' => self.fill(opcode)?,
            b'c' | 0x93 | b'R' | 0x81 | 0x92 | b'i' | b'o' | b'P' | b'Q' => self.call(opcode)?,
            0x82..=0x84 => return self.bad("expected no extension codes, found EXT".into()),
            0x97 | 0x98 => return self.bad("expected no out-of-band buffers, found one".into()),
            other => return self.bad(format!("expected an opcode, found byte 0x{other:02x}")),
        }
        Ok(())
    }

    fn number(&mut self, opcode: u8) -> Result<Value, PickleError> {
        Ok(match opcode {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'I' | b'L' => {
                let line = self.line()?;
                match (opcode, line) {
                    (b'I', b"00") => Value::Bool(false),
                    (b'I', b"01") => Value::Bool(true),
                    _ => Value::Int(self.need(text::integer(line), "an integer of 64 bits")?),
                }
            }
            b'J' => Value::Int(i64::from(self.unsigned(4)? as u32 as i32)),
            b'K' => Value::Int(self.unsigned(1)? as i64),
            b'M' => Value::Int(self.unsigned(2)? as i64),
            0x8a | 0x8b => {
                let length = self.length(if opcode == 0x8a { 1 } else { 4 })?;
                let bytes = self.take(length, "an integer")?;
                text::little_endian(bytes).map_or_else(|| Value::BigInt(bytes.into()), Value::Int)
            }
            b'F' => {
                let line = self.line()?;
                Value::Float(self.need(text::float(line), "a float")?)
            }
            _ => Value::Float(f64::from_bits(u64::from_be_bytes(self.take(8, "a float")?.try_into().unwrap_or_default()))),
        })
    }

    fn string(&mut self, opcode: u8) -> Result<Value, PickleError> {
        // Strings of Python 2 have no encoding of their own: text where they are UTF-8.
        let python2 = |bytes: &[u8]| std::str::from_utf8(bytes).map_or_else(|_| Value::Bytes(bytes.into()), |s| Value::Str(s.into()));
        Ok(match opcode {
            b'S' => {
                let line = self.line()?;
                python2(&self.need(text::quoted(line), "a quoted string")?)
            }
            b'V' => {
                let line = self.line()?;
                Value::Str(self.need(text::raw_unicode_escape(line), "an escaped string")?.into())
            }
            _ => {
                let width = match opcode {
                    b'U' | b'C' | 0x8c => 1,
                    b'T' | b'B' | b'X' => 4,
                    _ => 8,
                };
                let length = self.length(width)?;
                let bytes = self.take(length, "a string")?;
                match opcode {
                    b'T' | b'U' => python2(bytes),
                    b'X' | 0x8c | 0x8d => Value::Str(self.need(std::str::from_utf8(bytes).ok(), "UTF-8 text")?.into()),
                    _ => Value::Bytes(bytes.into()),
                }
            }
        })
    }

    fn container(&mut self, opcode: u8) -> Result<(), PickleError> {
        let node = match opcode {
            b')' => Node::Tuple(vec![]),
            b']' | 0x8f => Node::List(vec![]),
            b'}' => Node::Dict(vec![]),
            b't' | 0x91 => Node::Tuple(self.pop_mark()?),
            b'l' => Node::List(self.pop_mark()?),
            b'd' => {
                let items = self.pop_mark()?;
                Node::Dict(self.pairs(&items)?)
            }
            _ => {
                let mut items = Vec::new();
                for _ in 0x85..=opcode {
                    items.push(self.pop()?);
                }
                items.reverse();
                Node::Tuple(items)
            }
        };
        self.push(node);
        Ok(())
    }

    /// `APPEND(S)`, `SETITEM(S)`, `ADDITEMS`, `BUILD`: changes to the value below the arguments.
    fn fill(&mut self, opcode: u8) -> Result<(), PickleError> {
        let arguments = match opcode {
            b'a' | b'b' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let pairs = if matches!(opcode, b's' | b'u') { self.pairs(&arguments)? } else { vec![] };
        let target = self.top()? as usize;
        let position = self.position;
        match (opcode, &mut self.nodes[target]) {
            (b'a' | b'e' | 0x90, Node::List(items)) => items.extend(arguments),
            (b'a' | b'e' | 0x90, Node::Object(call)) => call.appended.extend(arguments),
            (b's' | b'u', Node::Dict(items)) => items.extend(pairs),
            (b's' | b'u', Node::Object(call)) => call.items.extend(pairs),
            (b'b', Node::Object(call)) => call.state = arguments.first().copied(),
            _ => {
                let message = format!("expected a list, dict or object for opcode 0x{opcode:02x}, found another value");
                return Err(PickleError::Malformed { offset: position, message });
            }
        }
        Ok(())
    }

    /// What Python would import or call: recorded, never executed.
    fn call(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            b'c' | 0x93 => {
                let (module, name) = if opcode == b'c' {
                    (self.text_line()?, self.text_line()?)
                } else {
                    let (name, module) = (self.pop()?, self.pop()?);
                    (self.text_of(module)?, self.text_of(name)?)
                };
                let global = Global { module, name };
                self.globals.insert(global.clone());
                self.push(Node::Leaf(Value::Global(Arc::new(global))));
            }
            b'R' | 0x81 => {
                let (args, callable) = (self.pop()?, self.pop()?);
                self.push_call(callable, args);
            }
            0x92 => {
                let (keywords, args, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.push(Node::Tuple(vec![args, keywords]));
                let args = self.pop()?;
                self.push_call(callable, args);
            }
            b'i' | b'o' => {
                let mut items = self.pop_mark()?;
                let callable = if opcode == b'i' {
                    self.call(b'c')?;
                    self.pop()?
                } else if items.is_empty() {
                    return self.bad("expected a class for OBJ, found none".into());
                } else {
                    items.remove(0)
                };
                self.push(Node::Tuple(items));
                let args = self.pop()?;
                self.push_call(callable, args);
            }
            b'P' => {
                let id = self.text_line()?;
                self.push(Node::Leaf(Value::Str(id.into())));
                let id = self.pop()?;
                self.push(Node::Persistent(id));
            }
            _ => {
                let id = self.pop()?;
                self.push(Node::Persistent(id));
            }
        }
        Ok(())
    }

    fn push_call(&mut self, callable: NodeId, args: NodeId) {
        let constructor = match &self.nodes[callable as usize] {
            Node::Leaf(Value::Global(global)) => (**global).clone(),
            _ => Global { module: String::new(), name: "<computed>".into() },
        };
        self.push(Node::Object(Box::new(Call { constructor, args, state: None, items: vec![], appended: vec![] })));
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len() as NodeId);
        self.nodes.push(node);
    }

    fn top(&self) -> Result<NodeId, PickleError> {
        match self.stack.last() {
            // Values below the last mark belong to the enclosing construction.
            Some(&id) if self.marks.last().is_none_or(|&mark| mark < self.stack.len()) => Ok(id),
            _ => self.bad("expected a value on the stack, found none".into()),
        }
    }

    fn pop(&mut self) -> Result<NodeId, PickleError> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    fn pop_mark(&mut self) -> Result<Vec<NodeId>, PickleError> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => self.bad("expected a mark, found none".into()),
        }
    }

    fn pairs(&self, items: &[NodeId]) -> Result<Vec<(NodeId, NodeId)>, PickleError> {
        if !items.len().is_multiple_of(2) {
            return self.bad("expected keys and values, found an odd number".into());
        }
        Ok(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    fn text_of(&self, id: NodeId) -> Result<String, PickleError> {
        match &self.nodes[id as usize] {
            Node::Leaf(value) => self.need(value.as_str().map(str::to_owned), "the name of a global"),
            _ => self.bad("expected the name of a global, found another value".into()),
        }
    }

    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'a [u8], PickleError> {
        let end = self.position.checked_add(count).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return Err(PickleError::Truncated { offset: self.position, expected }) };
        let taken = &self.bytes[self.position..end];
        self.position = end;
        Ok(taken)
    }

    fn unsigned(&mut self, width: usize) -> Result<u64, PickleError> {
        Ok(self.take(width, "a number")?.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    fn length(&mut self, width: usize) -> Result<usize, PickleError> {
        let length = self.unsigned(width)?;
        // A length beyond the address space is a cut-off string like any other.
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.position..];
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(end) => {
                self.position += end + 1;
                Ok(&rest[..end])
            }
            None => Err(PickleError::Truncated { offset: self.position, expected: "the end of a line" }),
        }
    }

    fn line_number(&mut self) -> Result<u64, PickleError> {
        let line = self.line()?;
        self.need(text::integer(line).and_then(|n| u64::try_from(n).ok()), "a memo index")
    }

    fn text_line(&mut self) -> Result<String, PickleError> {
        let line = self.line()?;
        self.need(std::str::from_utf8(line).ok().map(str::to_owned), "a line of UTF-8")
    }

    fn need<T>(&self, value: Option<T>, expected: &str) -> Result<T, PickleError> {
        value.map_or_else(|| self.bad(format!("expected {expected}, found something else")), Ok)
    }

    fn bad<T>(&self, message: String) -> Result<T, PickleError> {
        Err(PickleError::Malformed { offset: self.position, message })
    }
}
