//! Asks an expression. Each step costs, and so does each byte that is looked at or made: whatever
//! a session or a request holds, an answer comes within a bound or not at all.

use super::datum::Datum;
use super::node::{Each, How, Node, What};
use super::value::{List, Map, Value};
use super::{Facts, Failure, FailureKind, Position};

/// What one answer may cost, in steps of some ten nanoseconds.
pub(super) const BUDGET: usize = 20_000;
/// What a constant part of an expression may cost when rules are loaded.
const BUDGET_OF_CONSTANTS: usize = 5_000;

pub(super) type Answer<'a> = Result<Value<'a>, Failure>;

pub(super) struct Machine<'a> {
    facts: Option<Facts<'a>>,
    locals: Vec<Value<'a>>,
    left: usize,
}

/// The value of a node that reads nothing; `None` where it is kept as it is.
pub(super) fn constant(node: &Node) -> Result<Option<Datum>, Failure> {
    let mut machine = Machine {
        facts: None,
        locals: Vec::new(),
        left: BUDGET_OF_CONSTANTS,
    };
    machine.run(node).map(|value| datum_of(&value))
}

fn datum_of(value: &Value<'_>) -> Option<Datum> {
    Some(match value {
        Value::Null => Datum::Null,
        Value::Bool(flag) => Datum::Bool(*flag),
        Value::Int(number) => Datum::Int(*number),
        Value::UInt(number) => Datum::UInt(*number),
        Value::Double(number) => Datum::Double(*number),
        Value::Text(text) => Datum::Text((**text).into()),
        Value::Time(time) => Datum::Time(*time),
        Value::Span(span) => Datum::Span(*span),
        Value::Type(name) => Datum::Type(name),
        Value::List(items) => {
            let items = (0..items.len()).map(|at| items.get(at).as_ref().and_then(datum_of));
            Datum::List(items.collect::<Option<_>>()?)
        }
        Value::Map(_) => return None,
    })
}

impl<'a> Machine<'a> {
    pub(super) const fn new(facts: Facts<'a>) -> Self {
        Self {
            facts: Some(facts),
            locals: Vec::new(),
            left: BUDGET,
        }
    }

    /// Pays for work.
    pub(super) fn spend(&mut self, steps: usize, at: Position) -> Result<(), Failure> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                // What costs too much is not tried again in another branch.
                self.left = 0;
                Err(failure(FailureKind::TooCostly, at))
            }
        }
    }

    pub(super) fn run(&mut self, node: &'a Node) -> Answer<'a> {
        let at = node.at;
        self.spend(1, at)?;
        match &node.what {
            What::Constant(datum) => Ok(Value::from(datum)),
            What::Document => Ok(self.document()),
            What::Request => Ok(self.request()),
            What::Now => match &self.facts {
                Some(facts) => Ok(Value::Time(facts.now)),
                None => Err(failure(FailureKind::Missing, at)),
            },
            What::Local(place) => match self.locals.get(*place) {
                Some(value) => Ok(value.clone()),
                None => Err(failure(FailureKind::Missing, at)),
            },
            What::Member(of, name) => {
                let of = self.run(of)?;
                self.member(&of, name, at)
            }
            What::Has(of, name) => {
                let of = self.run(of)?;
                match self.member(&of, name, at) {
                    Ok(_) => Ok(Value::Bool(true)),
                    Err(failure) if failure.kind == FailureKind::Missing => Ok(Value::Bool(false)),
                    Err(failure) => Err(failure),
                }
            }
            What::Index(both) => {
                let [of, index] = &**both;
                let of = self.run(of)?;
                let index = self.run(index)?;
                self.index(&of, &index, at)
            }
            What::Not(inner) => Ok(Value::Bool(!self.flag(inner)?)),
            What::Negate(inner) => {
                let value = self.run(inner)?;
                super::operate::negate(&value, at)
            }
            What::All(parts) => self.joined(parts, false),
            What::Any(parts) => self.joined(parts, true),
            What::Binary(operator, both) => {
                let [left, right] = &**both;
                let left = self.run(left)?;
                let right = self.run(right)?;
                self.binary(*operator, &left, &right, at)
            }
            What::If(three) => {
                let [test, then, otherwise] = &**three;
                match self.flag(test)? {
                    true => self.run(then),
                    false => self.run(otherwise),
                }
            }
            What::List(items) => {
                self.spend(items.len(), at)?;
                Ok(Value::List(List::Made(self.run_all(items)?.into())))
            }
            What::Map(entries) => self.map(entries, at),
            What::Call(function, arguments) => {
                let values = self.run_all(arguments)?;
                self.call(*function, &values, at)
            }
            What::Matches(of, pattern) => {
                let Value::Text(text) = self.run(of)? else {
                    return Err(failure(FailureKind::WrongType, at));
                };
                self.spend(pattern.cost(text.len()), at)?;
                Ok(Value::Bool(pattern.is_in(&text)))
            }
            What::Each(each) => self.each(each, at),
        }
    }

    fn run_all(&mut self, nodes: &'a [Node]) -> Result<Vec<Value<'a>>, Failure> {
        nodes.iter().map(|node| self.run(node)).collect()
    }

    fn document(&self) -> Value<'a> {
        let session = self.facts.as_ref().and_then(|facts| facts.session);
        session.map_or(Value::Null, |session| Value::from(&session.root))
    }

    fn request(&self) -> Value<'a> {
        let request = self.facts.as_ref().and_then(|facts| facts.request);
        request.map_or(Value::Null, |request| Value::Map(Map::Request(request)))
    }

    /// Pays for a look into a map. Queries and lists of headers are searched from end to end.
    pub(super) fn spend_lookup(&mut self, map: &Map<'a>, at: Position) -> Result<(), Failure> {
        let steps = match map {
            Map::Kept(_) | Map::Request(_) => 1,
            Map::Made(entries) => 1 + entries.len(),
            Map::Headers(_) => 5,
            Map::Query(request) => 5 + request.query_length() / 16,
        };
        self.spend(steps, at)
    }

    fn member(&mut self, of: &Value<'a>, name: &str, at: Position) -> Answer<'a> {
        if let Value::Map(map) = of {
            self.spend_lookup(map, at)?;
            let found = map.member(name);
            return found.ok_or_else(|| failure(FailureKind::Missing, at));
        }
        let kind = match matches!(of, Value::Null) {
            true => FailureKind::Missing,
            false => FailureKind::WrongType,
        };
        Err(failure(kind, at))
    }

    fn index(&mut self, of: &Value<'a>, index: &Value<'a>, at: Position) -> Answer<'a> {
        let missing = || failure(FailureKind::Missing, at);
        match (of, index) {
            (Value::List(items), Value::Int(place)) => {
                let place = usize::try_from(*place).map_err(|_| missing())?;
                items.get(place).ok_or_else(missing)
            }
            (Value::List(items), Value::UInt(place)) => {
                let place = usize::try_from(*place).map_err(|_| missing())?;
                items.get(place).ok_or_else(missing)
            }
            (Value::Map(_) | Value::Null, Value::Text(name)) => self.member(of, name, at),
            (Value::Map(Map::Made(entries)), key) => {
                for (known, value) in entries.iter() {
                    if self.same(known, key, at)? == Some(true) {
                        return Ok(value.clone());
                    }
                }
                Err(missing())
            }
            (Value::Map(_), _) => Err(missing()),
            _ => Err(failure(FailureKind::WrongType, at)),
        }
    }

    fn map(&mut self, entries: &'a [(Node, Node)], at: Position) -> Answer<'a> {
        let mut made: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key_node, value) in entries {
            let key = self.run(key_node)?;
            let is_key = matches!(
                key,
                Value::Text(_) | Value::Int(_) | Value::UInt(_) | Value::Bool(_)
            );
            if !is_key {
                return Err(failure(FailureKind::WrongType, key_node.at));
            }
            for (known, _) in &made {
                if self.same(known, &key, at)? == Some(true) {
                    return Err(failure(FailureKind::WrongValue, key_node.at));
                }
            }
            let value = self.run(value)?;
            made.push((key, value));
        }
        Ok(Value::Map(Map::Made(made.into())))
    }

    pub(super) fn flag(&mut self, node: &'a Node) -> Result<bool, Failure> {
        let value = self.run(node)?;
        let flag = value.as_bool();
        flag.ok_or_else(|| failure(FailureKind::WrongType, node.at))
    }

    /// `&&` and `||`: a part that says `decisive` decides, whatever fails beside it.
    fn joined(&mut self, parts: &'a [Node], decisive: bool) -> Answer<'a> {
        let mut failed = None;
        for part in parts {
            match self.flag(part) {
                Ok(flag) if flag == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        match failed {
            Some(failure) => Err(failure),
            None => Ok(Value::Bool(!decisive)),
        }
    }

    fn each(&mut self, each: &'a Each, at: Position) -> Answer<'a> {
        let over = self.run(&each.over)?;
        if let Value::Map(map) = &over {
            // Before the keys are made.
            self.spend_lookup(map, at)?;
            self.spend(map.len(), at)?;
        }
        let items = over.items();
        let items = items.ok_or_else(|| failure(FailureKind::WrongType, at))?;
        debug_assert_eq!(self.locals.len(), each.local, "locals are a stack");
        self.locals.push(Value::Null);
        let answer = self.each_of(each, &items, at);
        self.locals.pop();
        answer
    }

    fn each_of(&mut self, each: &'a Each, items: &List<'a>, at: Position) -> Answer<'a> {
        let mut failed: Option<Failure> = None;
        let mut found = 0_usize;
        let mut collected = Vec::new();
        for place in 0..items.len() {
            self.spend(1, at)?;
            let Some(item) = items.get(place) else { break };
            if let Some(local) = self.locals.last_mut() {
                *local = item.clone();
            }
            let passes = match &each.test {
                Some(test) => self.flag(test),
                None => Ok(true),
            };
            match (each.how, passes) {
                (How::All, Ok(false)) => return Ok(Value::Bool(false)),
                (How::Exists, Ok(true)) => return Ok(Value::Bool(true)),
                (How::All | How::Exists, Err(failure)) => failed = failed.or(Some(failure)),
                (How::ExistsOne | How::Collect, Err(failure)) => return Err(failure),
                (How::ExistsOne, Ok(true)) => found += 1,
                (How::Collect, Ok(true)) => collected.push(match &each.yields {
                    Some(yields) => self.run(yields)?,
                    None => item,
                }),
                (_, Ok(_)) => {}
            }
        }
        match (each.how, failed) {
            (_, Some(failure)) => Err(failure),
            (How::All, None) => Ok(Value::Bool(true)),
            (How::Exists, None) => Ok(Value::Bool(false)),
            (How::ExistsOne, None) => Ok(Value::Bool(found == 1)),
            (How::Collect, None) => Ok(Value::List(List::Made(collected.into()))),
        }
    }
}

pub(super) const fn failure(kind: FailureKind, position: Position) -> Failure {
    Failure { kind, position }
}
