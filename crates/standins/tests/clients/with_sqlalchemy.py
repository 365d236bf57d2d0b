from typing import Optional
from uuid import UUID, uuid4

from aurora_dsql_sqlalchemy import create_dsql_engine
from endpoint import CA, HOSTS, PORTS, REGIONS, check_conflict
from sqlalchemy import ForeignKey, Index, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Hall(Base):
    __tablename__ = "halls"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    open: Mapped[bool]
    note: Mapped[Optional[str]]


class Seat(Base):
    __tablename__ = "alchemy_seats"
    # Drawn by the database.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    hall: Mapped[UUID] = mapped_column(ForeignKey("halls.id"))
    owner: Mapped[Optional[str]]
    __table_args__ = (Index("alchemy_seats_by_owner", "owner"),)


def engine(region, driver, **options):
    place = {"region": REGIONS[region], "hostaddr": "127.0.0.1", "port": PORTS[region]}
    return create_dsql_engine(HOSTS[region], "admin", driver, sslrootcert=CA, connect_args=place, **options)


for driver in ("psycopg", "psycopg2"):
    first, second = engine(0, driver), engine(1, driver)
    # One change of the catalogue in a transaction: autocommit.
    schema = engine(0, driver, isolation_level="AUTOCOMMIT")
    Base.metadata.drop_all(schema)
    Base.metadata.create_all(schema)
    assert {"halls", "alchemy_seats"} <= set(inspect(first).get_table_names())
    assert [index["name"] for index in inspect(first).get_indexes("alchemy_seats")] == ["alchemy_seats_by_owner"]
    with Session(first) as session:
        hall = Hall(name="é'", open=False, note=None)
        session.add(hall)
        session.flush()
        seats = [Seat(hall=hall.id), Seat(hall=hall.id, owner="ada")]
        session.add_all(seats)
        session.commit()
        ids = {seat.id for seat in seats}
        key = hall.id
    with Session(second) as session:
        hall = session.get_one(Hall, key)
        assert (hall.name, hall.open, hall.note) == ("é'", False, None)
        assert {seat.id for seat in session.scalars(select(Seat).where(Seat.hall == key))} == ids
    with Session(first) as one, Session(second) as other:
        for session, owner in ((one, "ada"), (other, "bob")):
            session.scalars(select(Seat).order_by(Seat.id)).first().owner = owner + "!"
            session.flush()
        other.commit()
        try:
            one.commit()
            raise AssertionError("both committed")
        except DBAPIError as error:
            check_conflict(error, getattr(error.orig, "sqlstate", None) or error.orig.pgcode)
        one.rollback()
        assert one.scalar(text("SELECT count(*) FROM alchemy_seats WHERE owner = 'bob!'")) == 1
    Base.metadata.drop_all(schema)
    for used in (first, second, schema):
        used.dispose()
