//! The conditions of a rule, and the terms in them: where their values stand is looked up in the loops as they are laid out.

use crate::table::{
    Amounts, Cell, Check, Condition, Gathers, Guide, Loop, Parties, Reading, Relation,
};

use super::address::{self, Address};
use super::fields::{Form, count};
use super::limits;
use super::pattern;
use super::report::{Place, Report};
use super::source::{Argument, Node};
use super::tables::small;

const BLOCK: Form = Form {
    least: 0,
    most: 0,
    arguments: "nothing",
    properties: &[],
    block: true,
};
const TERM: Form = Form {
    least: 1,
    most: 1,
    arguments: "an element, a segment or a loop",
    properties: &[],
    block: false,
};
const TERMS: Form = Form {
    least: 2,
    most: 2,
    arguments: "two elements",
    ..TERM
};
const SUM: Form = Form {
    most: usize::MAX,
    arguments: "elements",
    properties: &["of", "by"],
    ..TERM
};
const CODES: Form = Form {
    least: 2,
    most: usize::MAX,
    arguments: "an element and codes",
    ..TERM
};
const COUNT: Form = Form {
    properties: &["least", "most"],
    ..TERM
};
const CHECK: Form = Form {
    properties: &["as"],
    ..TERM
};
const MATCHES: Form = Form {
    arguments: "an element and a pattern",
    ..TERMS
};
const LISTED: Form = Form {
    most: usize::MAX,
    arguments: "an element and dates",
    properties: &["list"],
    ..TERM
};

/// What a condition may be.
const CONDITIONS: &[&str] = &[
    "present",
    "absent",
    "code",
    "only",
    "count",
    "balance",
    "not-more",
    "less",
    "unique",
    "among",
    "apart",
    "points",
    "not-after",
    "check",
    "matches",
    "listed",
    "in-force",
    "any",
    "all",
    "not",
];

/// What a value can be checked for by itself.
const CHECKS: &[(&str, Check)] = &[
    ("npi", Check::Npi),
    ("positive", Check::Positive),
    ("not-negative", Check::NotNegative),
    ("cents", Check::Cents),
    ("whole", Check::Whole),
    ("forward", Check::Forward),
];

/// Reads the conditions of one rule, and gathers the cells that they look at.
pub(super) struct Reader<'a> {
    pub(super) report: &'a mut Report,
    pub(super) guide: &'a mut Guide,
    pub(super) scopes: &'a [u16],
    pub(super) cells: Vec<Cell>,
}

impl Reader<'_> {
    /// The cell of the place where the rule is told.
    pub(super) fn anchor(&mut self, node: &Node) -> Option<u16> {
        let at = node.property("at");
        let Some((term, at)) = at.and_then(|at| Some((at.value.text()?, at.at))) else {
            let message = "a rule says where it is told: `at=\"CLM02\"`";
            self.report.error(node.at, message);
            return None;
        };
        self.cell(term, at, Gathers::Presence)
    }

    /// The conditions of a block.
    pub(super) fn block(&mut self, node: &Node, depth: usize) -> Vec<Condition> {
        self.report.check(node, &BLOCK);
        if node.children().is_empty() {
            self.report
                .error(node.at, format!("`{}` is empty", node.name));
        }
        if depth > limits::CONDITION_DEPTH {
            let message = format!("conditions stand deeper than {}", limits::CONDITION_DEPTH);
            self.report.error(node.at, message);
            return Vec::new();
        }
        let condition = |child| self.condition(child, depth);
        node.children().iter().filter_map(condition).collect()
    }

    fn condition(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        use Gathers::{Codes, Others, Presence, Values};
        Some(match node.name.as_str() {
            "present" => Condition::Present(self.term(node, &TERM, 0, Presence)?),
            "absent" => Condition::Absent(self.term(node, &TERM, 0, Presence)?),
            "code" => {
                let codes = self.codes(node);
                Condition::Code(self.term(node, &CODES, 0, Codes(codes))?)
            }
            "only" => {
                let codes = self.codes(node);
                Condition::Good(self.term(node, &CODES, 0, Others(codes))?)
            }
            "count" => self.count(node)?,
            "balance" => self.amounts(node, Relation::Equal)?,
            "not-more" => self.amounts(node, Relation::NotMore)?,
            "less" => self.amounts(node, Relation::Less)?,
            "unique" => Condition::Unique(self.term(node, &TERM, 0, Values)?),
            "among" => Condition::Among(
                self.term(node, &TERMS, 0, Values)?,
                self.term(node, &TERMS, 1, Values)?,
            ),
            "apart" => Condition::Apart(
                self.term(node, &TERMS, 0, Values)?,
                self.term(node, &TERMS, 1, Values)?,
            ),
            "points" => Condition::Points(
                self.term(node, &TERMS, 0, Gathers::Highest)?,
                self.term(node, &TERMS, 1, Presence)?,
            ),
            "not-after" => {
                self.report.check(node, &TERMS);
                let [first, second] = [0, 1].map(|index| self.date(node.arguments.get(index)));
                Condition::NotAfter(first?, second?)
            }
            "check" => {
                let check = self.report.choice(node, "as", CHECKS);
                if node.property("as").is_none() {
                    self.report
                        .error(node.at, "`check` says for what: `as=npi`");
                }
                Condition::Good(self.term(node, &CHECK, 0, Gathers::Check(check?))?)
            }
            "matches" => {
                let pattern = self.pattern(node)?;
                Condition::Good(self.term(node, &MATCHES, 0, Gathers::Matches(pattern))?)
            }
            "listed" => self.listed(node, Gathers::Listed)?,
            "in-force" => self.listed(node, Gathers::InForce)?,
            "any" => Condition::Any(self.block(node, depth + 1)),
            "all" => Condition::All(self.block(node, depth + 1)),
            "not" => Condition::Not(self.block(node, depth + 1)),
            other => {
                let message = format!("`{other}` is no condition");
                self.report.unknown(node.at, message, other, CONDITIONS);
                return None;
            }
        })
    }

    fn count(&mut self, node: &Node) -> Option<Condition> {
        let cell = self.term(node, &COUNT, 0, Gathers::Presence)?;
        let bound = |name| node.property(name).map(|p| count(&p.value));
        let (least, most) = (bound("least"), bound("most"));
        if [least, most].contains(&Some(None)) || least.or(most).is_none() {
            self.report.error(
                node.at,
                "`count` takes `least`, `most` or both: whole numbers from 1 up",
            );
        }
        Some(Condition::Count(
            cell,
            least.flatten().unwrap_or(0),
            most.flatten().unwrap_or(0),
        ))
    }

    /// `balance { plus …; minus … }` and its like: two sums, and how they should be to each other.
    fn amounts(&mut self, node: &Node, relation: Relation) -> Option<Condition> {
        self.report.check(node, &BLOCK);
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        let mut constant = String::new();
        for child in node.children() {
            let is_plus = child.name == "plus";
            if !is_plus && child.name != "minus" {
                let message = format!(
                    "`{}` holds `plus` and `minus`, not `{}`",
                    node.name, child.name
                );
                self.report
                    .unknown(child.at, message, &child.name, ["plus", "minus"]);
                continue;
            }
            self.report.check(child, &SUM);
            let parties = self.parties(child)?;
            for argument in &child.arguments {
                if let Some(amount) = amount(argument) {
                    if !constant.is_empty() {
                        self.report
                            .error(argument.at, "a comparison has one number at most");
                    }
                    let sign = if is_plus { "" } else { "-" };
                    constant = format!("{sign}{amount}");
                    continue;
                }
                let cell = self.summand(argument, parties.as_ref())?;
                if is_plus {
                    plus.push(cell)
                } else {
                    minus.push(cell)
                }
            }
        }
        let sides = [&plus, &minus].map(|side| usize::from(!side.is_empty()));
        if sides.iter().sum::<usize>() + usize::from(!constant.is_empty()) < 2 {
            let message = format!("`{}` takes `plus` and `minus`", node.name);
            self.report.error(node.at, message);
        }
        Some(Condition::Amounts(Amounts {
            relation,
            plus,
            minus,
            constant,
        }))
    }

    /// The cell of a term that is added up, perhaps by party.
    fn summand(&mut self, argument: &Argument, parties: Option<&Parties>) -> Option<u16> {
        let term = self.report.quoted(argument)?;
        let Some(parties) = parties else {
            return self.cell(term, argument.at, Gathers::Sum);
        };
        let (_, readings) = self.resolve(term, argument.at, &parties.loops)?;
        self.keep(
            argument.at,
            Cell {
                scopes: self.scopes.to_vec(),
                readings,
                gathers: Gathers::Sum,
                parties: Some(parties.clone()),
            },
        )
    }

    /// `of="2400/2430" by="SVD01"`: the loop of which each occurrence is about one party, and what names it.
    fn parties(&mut self, node: &Node) -> Option<Option<Parties>> {
        let properties = ["of", "by"].map(|name| node.property(name));
        let [Some(of), Some(by)] = properties else {
            if properties.iter().any(Option::is_some) {
                let message = "`of` and `by` stand together: a loop, and what names its party";
                self.report.error(node.at, message);
                return None;
            }
            return Some(None);
        };
        let text = of.value.text().unwrap_or_default();
        let (_, starts) = self.resolve(text, of.at, self.scopes)?;
        let loops: Vec<u16> = starts.iter().map(|start| start.loop_index).collect();
        if starts.iter().any(|start| start.element != 0) {
            self.report.error(of.at, "`of` names a loop");
        }
        let text = by.value.text().unwrap_or_default();
        let (_, names) = self.resolve(text, by.at, &loops)?;
        Some(Some(Parties { loops, names }))
    }

    fn pattern(&mut self, node: &Node) -> Option<u16> {
        let argument = node.arguments.get(1)?;
        let text = self.report.quoted(argument)?;
        match pattern::add(self.guide, text) {
            Ok(index) => Some(index),
            Err(fault) => {
                self.report.error(argument.at, fault);
                None
            }
        }
    }

    /// `listed "SV101-2" "DTP03[472]" list=procedures`: in the list, on the first of the dates that stands.
    ///
    /// `in-force` looks at the time of those only that are in the list.
    fn listed(&mut self, node: &Node, gathers: fn(u16) -> Gathers) -> Option<Condition> {
        let Some(name) = self.report.word(node, "list").map(str::to_owned) else {
            let message = format!("`{}` says in what: `list=taxonomies`", node.name);
            self.report.error(node.at, message);
            return None;
        };
        let known = self.guide.lists.iter().position(|list| *list == name);
        let list = known.unwrap_or_else(|| {
            self.guide.lists.push(name);
            self.guide.lists.len() - 1
        });
        let cell = self.term(node, &LISTED, 0, gathers(small(list)))?;
        let mut dates = Vec::new();
        for argument in node.arguments.iter().skip(1) {
            dates.push(self.date(Some(argument))?);
        }
        Some(Condition::Listed(cell, dates))
    }

    fn date(&mut self, argument: Option<&Argument>) -> Option<u16> {
        let argument = argument?;
        let term = self.report.quoted(argument)?;
        let is_end = Address::parse(term).is_some_and(|address| address.is_end);
        self.cell(term, argument.at, Gathers::Dates(is_end))
    }

    /// The codes behind the element of `code` and `only`.
    fn codes(&mut self, node: &Node) -> u16 {
        let mut codes = Vec::new();
        for argument in node.arguments.iter().skip(1) {
            codes.extend(self.report.quoted(argument));
        }
        address::codes(self.guide, &codes)
    }

    fn term(&mut self, node: &Node, form: &Form, index: usize, gathers: Gathers) -> Option<u16> {
        if index == 0 {
            self.report.check(node, form);
        }
        let argument = node.arguments.get(index)?;
        let term = self.report.quoted(argument)?;
        self.cell(term, argument.at, gathers)
    }

    /// The cell of a term; the same for the same term and purpose.
    fn cell(&mut self, term: &str, at: Place, gathers: Gathers) -> Option<u16> {
        let (scopes, readings) = self.resolve(term, at, self.scopes)?;
        let takes_values = !matches!(gathers, Gathers::Presence);
        if takes_values && readings.iter().any(|reading| reading.element == 0) {
            self.report
                .error(at, format!("`{term}` is no element, and has no value"));
        }
        self.keep(
            at,
            Cell {
                scopes,
                readings,
                gathers,
                parties: None,
            },
        )
    }

    fn keep(&mut self, at: Place, cell: Cell) -> Option<u16> {
        if let Some(known) = self.cells.iter().position(|other| *other == cell) {
            return Some(small(known));
        }
        if self.cells.len() == limits::CELLS {
            self.report.error(
                at,
                format!("a rule has more than {} elements", limits::CELLS),
            );
            return None;
        }
        self.cells.push(cell);
        Some(small(self.cells.len() - 1))
    }

    /// Where the values of a term stand, all those that it joins by a blank, and the loops at whose opening they begin anew.
    fn resolve(
        &mut self,
        terms: &str,
        at: Place,
        scopes: &[u16],
    ) -> Option<(Vec<u16>, Vec<Reading>)> {
        let mut terms = terms.split(' ');
        let (owners, mut readings) = self.resolve_one(terms.next()?, at, scopes)?;
        for term in terms {
            let (others, more) = self.resolve_one(term, at, scopes)?;
            if others != owners {
                let message = format!("`{term}` is not of the same loop as what it is joined with");
                self.report.error(at, message);
            }
            readings.extend(more);
        }
        Some((owners, readings))
    }

    /// As [`Self::resolve`]. One that only some of the scopes know is absent in the others.
    fn resolve_one(
        &mut self,
        term: &str,
        at: Place,
        scopes: &[u16],
    ) -> Option<(Vec<u16>, Vec<Reading>)> {
        let Some(address) = Address::parse(term) else {
            let message = format!("`{term}` is not written as an element is: `2300/REF02[G1]`");
            self.report.error(at, message);
            return None;
        };
        let (mut owners, mut readings) = (Vec::new(), Vec::new());
        let mut has_loop = false;
        for &scope in scopes {
            let Some(holder) = holder(self.guide, scope, &address) else {
                owners.push(scope);
                continue;
            };
            has_loop = true;
            owners.push(common(self.guide, scope, holder));
            let a_loop = self.guide.loops[usize::from(holder)].clone();
            for part in address.parts(self.guide, &a_loop) {
                let Some(reading) = address.reading(self.guide, holder, &part) else {
                    let message =
                        format!("`{term}`: what stands in brackets is no element of the segment");
                    self.report.error(at, message);
                    return None;
                };
                readings.push(reading);
            }
        }
        let mut unique = Vec::new();
        for reading in readings {
            if !unique.contains(&reading) {
                unique.push(reading);
            }
        }
        owners.sort_unstable();
        owners.dedup();
        if !unique.is_empty() {
            return Some((owners, unique));
        }
        let message = if has_loop {
            format!("`{term}`: the loop has no such element")
        } else {
            format!("`{term}`: there is no such loop below or around")
        };
        self.report.error(at, message);
        None
    }
}

/// The loop that a term's last part stands in: on the way below the scope, or below a loop around it.
fn holder(guide: &Guide, scope: u16, address: &Address<'_>) -> Option<u16> {
    let ids: Vec<&str> = address
        .loops
        .split('/')
        .filter(|id| !id.is_empty())
        .collect();
    let Some(first) = ids.first() else {
        return Some(if address.from_set { 0 } else { scope });
    };
    let (from, rest) = if address.from_set {
        (0, &ids[..])
    } else if below(guide, scope, first).is_some() {
        (scope, &ids[..])
    } else {
        let named = |&index: &u16| guide.loops[usize::from(index)].id == *first;
        (guide.around(scope).find(named)?, &ids[1..])
    };
    rest.iter()
        .try_fold(from, |inner, id| below(guide, inner, id))
}

fn below(guide: &Guide, outer: u16, id: &str) -> Option<u16> {
    let is_below = |(_, a_loop): &(u16, &Loop)| a_loop.parent == outer && a_loop.id == id;
    (0..)
        .zip(&guide.loops)
        .find(is_below)
        .map(|(index, _)| index)
}

/// The innermost loop around both.
fn common(guide: &Guide, one: u16, other: u16) -> u16 {
    let others: Vec<u16> = guide.around(other).collect();
    guide
        .around(one)
        .find(|index| others.contains(index))
        .unwrap_or(0)
}

/// A number that stands for itself in a sum: digits, with two decimal places perhaps.
fn amount(argument: &Argument) -> Option<&str> {
    let text = argument.value.text()?;
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=12).contains(&whole.len()) && places.len() <= 2;
    (fits && is_digits(whole) && is_digits(places)).then_some(text)
}
