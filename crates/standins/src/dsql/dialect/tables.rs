//! Tables and their columns.

use sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation, ArrayElemTypeDef, ColumnDef, ColumnOption, CreateTable, DataType, Expr,
    GeneratedAs, SequenceOptions, TableConstraint, Value,
};

use super::functions;
use crate::dsql::complaint::{Complaint, error, unsupported};

const SERIAL: [&str; 6] = ["bigserial", "serial", "serial2", "serial4", "serial8", "smallserial"];
const NO_TYPES: [&str; 21] = [
    "box",
    "cidr",
    "circle",
    "daterange",
    "inet",
    "int4range",
    "int8range",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "numrange",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "tsquery",
    "tsrange",
    "tstzrange",
    "xml",
];
/// The least cache of a sequence, unless it is 1.
const CACHE_MIN: u64 = 65_536;

pub(super) fn create(table: &CreateTable) -> Result<(), Complaint> {
    if table.temporary {
        return Err(unsupported("TEMPORARY or TEMP table not supported for CREATE TABLE"));
    }
    if table.unlogged {
        return Err(unsupported("UNLOGGED table not supported for CREATE TABLE"));
    }
    if table.query.is_some() {
        return Err(unsupported("unsupported statement: CreateTableAs"));
    }
    if table.inherits.is_some() || table.partition_by.is_some() || table.partition_of.is_some() {
        return Err(unsupported("inheritance and partitions are not supported for CREATE TABLE"));
    }
    table.columns.iter().try_for_each(column)
}

pub(super) fn alter(operation: &AlterTableOperation) -> Result<(), Complaint> {
    use AlterTableOperation as Op;
    match operation {
        Op::AddColumn { column_def, .. } => column(column_def),
        Op::AlterColumn { op: AlterColumnOperation::SetDataType { .. }, .. } => {
            Err(unsupported("unsupported ALTER TABLE ALTER COLUMN ... SET DATA TYPE statement"))
        }
        Op::AlterColumn { op: AlterColumnOperation::AddGenerated { .. }, .. } => {
            Err(unsupported("unsupported ALTER TABLE ALTER COLUMN ... ADD GENERATED statement"))
        }
        Op::DropColumn { .. }
        | Op::DropConstraint { .. }
        | Op::RenameColumn { .. }
        | Op::RenameConstraint { .. }
        | Op::RenameTable { .. }
        | Op::AlterColumn { .. }
        | Op::AddConstraint {
            constraint: TableConstraint::Check(_) | TableConstraint::ForeignKey(_),
            not_valid: true,
        } => Ok(()),
        Op::AddConstraint { .. } => Err(unsupported("unsupported ALTER TABLE ADD CONSTRAINT statement")),
        Op::ValidateConstraint { .. } => Err(unsupported("unsupported ALTER TABLE VALIDATE CONSTRAINT statement")),
        _ => Err(unsupported("unsupported ALTER TABLE statement")),
    }
}

/// Whether the options of a sequence name a cache that Aurora DSQL accepts.
pub(super) fn cache_accepted(options: &[SequenceOptions]) -> bool {
    let size = options.iter().find_map(|option| match option {
        SequenceOptions::Cache(Expr::Value(value)) => match &value.value {
            Value::Number(number, _) => number.parse::<u64>().ok(),
            _ => None,
        },
        _ => None,
    });
    size.is_some_and(|size| size == 1 || size >= CACHE_MIN)
}

fn column(column: &ColumnDef) -> Result<(), Complaint> {
    data_type(&column.data_type)?;
    for option in &column.options {
        let ColumnOption::Generated { generated_as, sequence_options, generation_expr: None, .. } = &option.option
        else {
            continue;
        };
        if matches!(generated_as, GeneratedAs::ExpStored) {
            continue;
        }
        if !cache_accepted(sequence_options.as_deref().unwrap_or_default()) {
            return Err(unsupported(
                "identity column is not supported without an explicit cache size. please define CACHE greater than \
                 or equal to 65536 or equal to 1",
            ));
        }
        if !matches!(column.data_type, DataType::BigInt(_) | DataType::Int8(_)) {
            let name = column.data_type.to_string().to_lowercase();
            return Err(unsupported(format!("datatype {name} not supported, identity column type must be bigint")));
        }
    }
    Ok(())
}

fn data_type(data_type: &DataType) -> Result<(), Complaint> {
    match data_type {
        DataType::Array(element) => {
            let element = match element {
                ArrayElemTypeDef::AngleBracket(of)
                | ArrayElemTypeDef::SquareBracket(of, _)
                | ArrayElemTypeDef::Parenthesis(of) => of.to_string().to_lowercase(),
                ArrayElemTypeDef::None | ArrayElemTypeDef::Qualified(..) => "array".to_owned(),
            };
            Err(unsupported(format!("datatype {element}[] not supported")))
        }
        DataType::Custom(name, _) => {
            let name = functions::last(name);
            if SERIAL.contains(&name.as_str()) {
                return Err(error("42704", format!("type \"{name}\" does not exist")));
            }
            if NO_TYPES.contains(&name.as_str()) {
                return Err(unsupported(format!("datatype {name} not supported")));
            }
            Ok(())
        }
        DataType::TsVector
        | DataType::TsQuery
        | DataType::GeometricType(_)
        | DataType::Bit(_)
        | DataType::BitVarying(_)
        | DataType::VarBit(_) => {
            Err(unsupported(format!("datatype {} not supported", data_type.to_string().to_lowercase())))
        }
        _ => Ok(()),
    }
}
