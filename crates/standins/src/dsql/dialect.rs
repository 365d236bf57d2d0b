//! What Aurora DSQL accepts of PostgreSQL's SQL. Whatever is not named here is refused.

mod functions;
mod reads;
mod tables;
mod writes;

use sqlparser::ast::{
    AlterTable, ContextModifier, Expr, ObjectName, ObjectType, Reset, SequenceOptions, Set, Statement as Tree,
    TransactionAccessMode, TransactionIsolationLevel, TransactionMode, Value,
};

use super::complaint::{Complaint, unsupported};
use super::statement::{Ddl, Kind};
pub(super) use functions::VOLATILE;

/// What a statement is, or why it is refused.
pub(super) fn kind(tree: &Tree) -> Result<Kind, Complaint> {
    functions::refuse_unknown_to_dsql(tree)?;
    match tree {
        Tree::Query(query) => reads::query(query),
        Tree::Insert(insert) => writes::insert(tree, insert).map(Kind::Write),
        Tree::Update(update) => writes::update(tree, update).map(Kind::Write),
        Tree::Delete(delete) => writes::delete(tree, delete).map(Kind::Write),
        Tree::ShowVariable { .. } => Ok(Kind::Read),
        Tree::Explain { analyze, statement, .. } => explain(*analyze, statement),
        Tree::Set(set) => setting(set),
        Tree::Reset(reset) => resetting(&reset.reset),
        Tree::Deallocate { name, .. } => {
            let all = name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all");
            Ok(Kind::Deallocate((!all).then(|| functions::folded(name))))
        }
        Tree::StartTransaction { modes, statements, modifier: None, .. } if statements.is_empty() => begin(modes),
        Tree::Commit { chain: false, modifier: None, .. } => Ok(Kind::Commit),
        Tree::Rollback { chain: false, savepoint: None } => Ok(Kind::Rollback),
        _ => ddl(tree),
    }
}

fn ddl(tree: &Tree) -> Result<Kind, Complaint> {
    let mut job = false;
    match tree {
        Tree::CreateTable(table) => tables::create(table)?,
        Tree::AlterTable(table) => alter(table)?,
        Tree::CreateIndex(index) if index.r#async && !index.concurrently => job = true,
        Tree::CreateIndex(_) => return Err(unsupported("unsupported mode. please use CREATE INDEX ASYNC.")),
        Tree::CreateView(view) if !view.materialized && !view.temporary => {}
        Tree::CreateView(_) => return Err(unsupported("unsupported statement: CreateTableAs")),
        Tree::CreateSchema { .. } | Tree::CreateDomain(_) => {}
        Tree::CreateSequence { temporary: false, sequence_options, .. } => sequence(sequence_options)?,
        Tree::Drop { object_type, temporary: false, .. } => dropped(*object_type)?,
        _ => return Err(refused(tree)),
    }
    Ok(Kind::Ddl(Ddl { job }))
}

/// The words are those of recorded answers where there are any.
fn refused(tree: &Tree) -> Complaint {
    let what = match tree {
        Tree::Truncate(_) => "unsupported statement: Truncate",
        Tree::Savepoint { .. } => "unsupported transaction statement: SAVEPOINT",
        Tree::ReleaseSavepoint { .. } => "unsupported transaction statement: RELEASE",
        Tree::Rollback { savepoint: Some(_), .. } => "unsupported transaction statement: ROLLBACK TO",
        Tree::CreateTrigger(_) | Tree::DropTrigger(_) => "CREATE TRIGGER not supported",
        Tree::CreateFunction(_) | Tree::CreateProcedure { .. } => "CREATE FUNCTION not supported",
        Tree::CreateType { .. } => "CREATE TYPE not supported",
        Tree::AlterType(_) => "ALTER TYPE not supported",
        Tree::CreateExtension(_) => "unsupported statement: CreateExtension",
        Tree::CreateDatabase { .. } => "unsupported statement: Createdb",
        Tree::Merge(_) => "unsupported statement type: MERGE",
        Tree::LISTEN { .. } => "unsupported statement: Listen",
        Tree::UNLISTEN { .. } => "unsupported statement: Unlisten",
        Tree::NOTIFY { .. } => "unsupported statement: Notify",
        Tree::Copy { .. } => "unsupported statement: Copy",
        Tree::Discard { .. } => "unsupported statement: Discard",
        Tree::Lock(_) | Tree::LockTables { .. } => "unsupported statement: Lock",
        Tree::Vacuum(_) => "unsupported VACUUM statement",
        _ => "unsupported statement",
    };
    unsupported(what)
}

fn begin(modes: &[TransactionMode]) -> Result<Kind, Complaint> {
    let mut read_only = false;
    for mode in modes {
        match mode {
            TransactionMode::IsolationLevel(TransactionIsolationLevel::RepeatableRead) => {}
            TransactionMode::IsolationLevel(level) => {
                return Err(unsupported(format!("Unsupported isolation level: {level}")));
            }
            TransactionMode::AccessMode(mode) => read_only = matches!(mode, TransactionAccessMode::ReadOnly),
        }
    }
    Ok(Kind::Begin { read_only })
}

/// Parameters that change how text is shown and where names are looked up, and nothing else.
const SETTABLE: [&str; 5] = ["application_name", "datestyle", "extra_float_digits", "search_path", "timezone"];

/// Whether a client may set this parameter, with a statement or when it connects.
pub(super) fn is_settable(name: &str) -> bool {
    SETTABLE.contains(&name.to_lowercase().as_str())
}

/// Whether this names the one encoding there is, as clients write it.
pub(super) fn is_utf8(encoding: &str) -> bool {
    let letters: String = encoding.chars().filter(char::is_ascii_alphanumeric).collect();
    ["utf8", "unicode"].contains(&letters.to_lowercase().as_str())
}

fn not_settable<T>(name: &str) -> Result<T, Complaint> {
    Err(unsupported(format!("setting configuration parameter \"{name}\" not supported")))
}

fn setting(set: &Set) -> Result<Kind, Complaint> {
    match set {
        Set::SingleAssignment { scope: None | Some(ContextModifier::Session), variable, values, .. } => {
            let name = functions::last(variable);
            let utf8 = name == "client_encoding" && matches!(values.as_slice(), [value] if is_utf8(&word(value)));
            if utf8 { Ok(Kind::Set) } else { parameter(variable) }
        }
        Set::SetTimeZone { local: false, .. } => Ok(Kind::Set),
        Set::SetNames { charset_name, collation_name: None } if is_utf8(&charset_name.value) => Ok(Kind::Set),
        Set::SetTransaction { modes, .. } => match modes.first() {
            Some(TransactionMode::IsolationLevel(level)) if *level != TransactionIsolationLevel::RepeatableRead => {
                Err(unsupported(format!("Unsupported isolation level: {level}")))
            }
            _ => not_settable("TRANSACTION"),
        },
        Set::SetRole { .. } => not_settable("role"),
        _ => Err(unsupported("setting configuration parameters in this way is not supported")),
    }
}

fn resetting(reset: &Reset) -> Result<Kind, Complaint> {
    match reset {
        Reset::ALL => Ok(Kind::Set),
        Reset::ConfigurationParameter(name) => parameter(name),
        Reset::SessionAuthorization => not_settable("session_authorization"),
    }
}

fn parameter(name: &ObjectName) -> Result<Kind, Complaint> {
    let name = functions::last(name);
    if is_settable(&name) { Ok(Kind::Set) } else { not_settable(&name) }
}

/// A word that is given as a value, quoted or not.
fn word(value: &Expr) -> String {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(word) => word.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

fn explain(analyze: bool, statement: &Tree) -> Result<Kind, Complaint> {
    match kind(statement)? {
        Kind::Read => Ok(Kind::Read),
        Kind::Write(_) if !analyze => Ok(Kind::Read),
        _ => Err(unsupported("unsupported EXPLAIN statement")),
    }
}

fn alter(table: &AlterTable) -> Result<(), Complaint> {
    table.operations.iter().try_for_each(tables::alter)
}

fn sequence(options: &[SequenceOptions]) -> Result<(), Complaint> {
    if tables::cache_accepted(options) {
        return Ok(());
    }
    Err(unsupported(
        "CREATE SEQUENCE is not supported without an explicit cache size. please define CACHE greater than or equal \
         to 65536 or equal to 1",
    ))
}

fn dropped(object: ObjectType) -> Result<(), Complaint> {
    match object {
        ObjectType::Table | ObjectType::View | ObjectType::Index | ObjectType::Schema | ObjectType::Sequence => Ok(()),
        _ => Err(unsupported("unsupported object in DROP statement")),
    }
}
