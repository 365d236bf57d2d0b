//! What Aurora DSQL accepts of PostgreSQL's SQL. Whatever is not named here is refused.

mod functions;
mod reads;
mod tables;
mod writes;

use sqlparser::ast::{
    AlterTable, ObjectType, SequenceOptions, Set, Statement as Tree, TransactionAccessMode, TransactionIsolationLevel,
    TransactionMode,
};

use super::complaint::{Complaint, unsupported};
use super::statement::{Ddl, Kind};

/// What a statement is, or why it is refused.
pub(super) fn kind(tree: &Tree) -> Result<Kind, Complaint> {
    functions::refuse_unknown_to_dsql(tree)?;
    match tree {
        Tree::Query(query) => reads::query(query),
        Tree::Insert(insert) => writes::insert(tree, insert).map(Kind::Write),
        Tree::Update(update) => writes::update(tree, update).map(Kind::Write),
        Tree::Delete(delete) => writes::delete(tree, delete).map(Kind::Write),
        Tree::ShowVariable { .. } => Ok(Kind::Read("SHOW")),
        Tree::Explain { analyze, statement, .. } => explain(*analyze, statement),
        Tree::Set(set) => setting(set),
        Tree::StartTransaction { modes, statements, modifier: None, .. } if statements.is_empty() => begin(modes),
        Tree::Commit { chain: false, modifier: None, .. } => Ok(Kind::Commit),
        Tree::Rollback { chain: false, savepoint: None } => Ok(Kind::Rollback),
        _ => ddl(tree),
    }
}

fn ddl(tree: &Tree) -> Result<Kind, Complaint> {
    let (tag, job) = match tree {
        Tree::CreateTable(table) => (tables::create(table).map(|()| "CREATE TABLE")?, false),
        Tree::AlterTable(table) => (alter(table)?, false),
        Tree::CreateIndex(index) if index.r#async && !index.concurrently => ("CREATE INDEX", true),
        Tree::CreateIndex(_) => return Err(unsupported("unsupported mode. please use CREATE INDEX ASYNC.")),
        Tree::CreateView(view) if !view.materialized && !view.temporary => ("CREATE VIEW", false),
        Tree::CreateView(_) => return Err(unsupported("unsupported statement: CreateTableAs")),
        Tree::CreateSchema { .. } => ("CREATE SCHEMA", false),
        Tree::CreateDomain(_) => ("CREATE DOMAIN", false),
        Tree::CreateSequence { temporary: false, sequence_options, .. } => (sequence(sequence_options)?, false),
        Tree::Drop { object_type, temporary: false, .. } => (dropped(*object_type)?, false),
        _ => return Err(refused(tree)),
    };
    Ok(Kind::Ddl(Ddl { tag, job }))
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
        Tree::Lock(_) | Tree::LockTables { .. } => "unsupported statement: Lock",
        Tree::Vacuum(_) => "unsupported VACUUM statement",
        _ => "unsupported statement",
    };
    unsupported(what)
}

fn begin(modes: &[TransactionMode]) -> Result<Kind, Complaint> {
    for mode in modes {
        match mode {
            TransactionMode::IsolationLevel(TransactionIsolationLevel::RepeatableRead)
            | TransactionMode::AccessMode(TransactionAccessMode::ReadWrite) => {}
            TransactionMode::IsolationLevel(level) => {
                return Err(unsupported(format!("Unsupported isolation level: {level}")));
            }
            // Aurora DSQL accepts it; here it would not be kept, so it must not be accepted.
            TransactionMode::AccessMode(mode) => return Err(unsupported(format!("unsupported access mode: {mode}"))),
        }
    }
    Ok(Kind::Begin)
}

/// Parameters that change how text is shown and where names are looked up, and nothing else.
const SETTABLE: [&str; 5] = ["application_name", "datestyle", "extra_float_digits", "search_path", "timezone"];

fn setting(set: &Set) -> Result<Kind, Complaint> {
    let not = |name: &str| Err(unsupported(format!("setting configuration parameter \"{name}\" not supported")));
    match set {
        Set::SingleAssignment { scope: None, variable, .. } => {
            let name = functions::last(variable);
            if SETTABLE.contains(&name.as_str()) { Ok(Kind::Set) } else { not(&name) }
        }
        Set::SetTimeZone { local: false, .. } => Ok(Kind::Set),
        Set::SetTransaction { modes, .. } => match modes.first() {
            Some(TransactionMode::IsolationLevel(level)) if *level != TransactionIsolationLevel::RepeatableRead => {
                Err(unsupported(format!("Unsupported isolation level: {level}")))
            }
            _ => not("TRANSACTION"),
        },
        Set::SetRole { .. } => not("role"),
        _ => Err(unsupported("setting configuration parameters in this way is not supported")),
    }
}

fn explain(analyze: bool, statement: &Tree) -> Result<Kind, Complaint> {
    match kind(statement)? {
        Kind::Read(_) => Ok(Kind::Read("EXPLAIN")),
        Kind::Write(_) if !analyze => Ok(Kind::Read("EXPLAIN")),
        _ => Err(unsupported("unsupported EXPLAIN statement")),
    }
}

fn alter(table: &AlterTable) -> Result<&'static str, Complaint> {
    table.operations.iter().try_for_each(tables::alter)?;
    Ok("ALTER TABLE")
}

fn sequence(options: &[SequenceOptions]) -> Result<&'static str, Complaint> {
    if tables::cache_accepted(options) {
        return Ok("CREATE SEQUENCE");
    }
    Err(unsupported(
        "CREATE SEQUENCE is not supported without an explicit cache size. please define CACHE greater than or equal \
         to 65536 or equal to 1",
    ))
}

fn dropped(object: ObjectType) -> Result<&'static str, Complaint> {
    match object {
        ObjectType::Table => Ok("DROP TABLE"),
        ObjectType::View => Ok("DROP VIEW"),
        ObjectType::Index => Ok("DROP INDEX"),
        ObjectType::Schema => Ok("DROP SCHEMA"),
        ObjectType::Sequence => Ok("DROP SEQUENCE"),
        _ => Err(unsupported("unsupported object in DROP statement")),
    }
}
