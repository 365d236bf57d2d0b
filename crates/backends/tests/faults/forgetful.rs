//! The database with its memory of lost COMMITs taken away: it never finds a sale.

use backends::dsql::{SqlDatabase, SqlTxn};
use onsale::{Database, Failure, Order, Region, Seat, Transaction};
use std::sync::Arc;

pub struct Forgetful(pub Arc<SqlDatabase>);

pub struct ForgetfulTxn(SqlTxn);

impl Database for Forgetful {
    type Txn = ForgetfulTxn;
    type Reservation = <SqlDatabase as Database>::Reservation;
    fn settles_doubt(&self) -> bool {
        true
    }

    async fn connect(&self, region: &Region) -> Result<ForgetfulTxn, Failure> {
        self.0.connect(region).await.map(ForgetfulTxn)
    }

    async fn warm(&self, connections: usize) -> Result<Self::Reservation, Failure> {
        self.0.warm(connections).await
    }
}

impl Transaction for ForgetfulTxn {
    async fn begin(&mut self) -> Result<(), Failure> {
        self.0.begin().await
    }

    async fn find_sale(&mut self, _: &Order) -> Result<bool, Failure> {
        Ok(false)
    }

    async fn read_seat(&mut self, order: &Order) -> Result<Seat, Failure> {
        self.0.read_seat(order).await
    }

    async fn write_seat(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        self.0.write_seat(order, seat).await
    }

    async fn append_sale(&mut self, order: &Order, seat: &Seat) -> Result<(), Failure> {
        self.0.append_sale(order, seat).await
    }

    async fn commit(self) -> Result<(), Failure> {
        self.0.commit().await
    }

    async fn rollback(self) -> Result<(), Failure> {
        self.0.rollback().await
    }
}
