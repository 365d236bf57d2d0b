//! The store of runs, one compressed document each, cut into parts; and of what was done with them.

use super::{
    SqlDatabase,
    ask::{Twice, int, patiently, text},
    classify,
    office::STRANGE_ROW,
};
use crate::own_task::in_own_task;
use async_trait::async_trait;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use onsale::{Backend, Failure, FloorId, Judged, Plan, RunId, RunStore};
use std::io::{Read as _, Write as _};

/// Half of what a value of Aurora DSQL may hold.
const PART_BYTES: usize = 512 * 1024;
/// 8 MiB; a transaction of Aurora DSQL may write 10.
const PARTS_TOGETHER: usize = 16;

#[async_trait]
impl RunStore for SqlDatabase {
    async fn begin_run(&self, floor: &FloorId, id: &RunId, plan: &Plan) -> Result<(), Failure> {
        let plan = serde_json::to_string(plan).map_err(|e| self.unavailable(e))?;
        let insert = "INSERT INTO begun (run, floor, plan) VALUES ($1, $2, $3) ON CONFLICT (run) DO NOTHING";
        self.add(insert, vec![text(id), text(floor), text(plan)]).await
    }

    async fn load_begun(&self, id: &RunId) -> Result<Option<(FloorId, Plan)>, Failure> {
        let rows = self.select("SELECT floor, plan FROM begun WHERE run = $1", vec![text(id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |column| row.try_get::<_, &str>(column).ok();
        let read = || Some((text(0)?.parse().ok()?, serde_json::from_str(text(1)?).ok()?));
        read().map(Some).ok_or_else(|| self.unavailable(STRANGE_ROW))
    }

    async fn save_run(&self, floor: &FloorId, id: &RunId, judged: &Judged, document: &[u8]) -> Result<(), Failure> {
        // Not on the threads on which the buyers of a burst run.
        let document = document.to_vec();
        let packed = tokio::task::spawn_blocking(move || pack(&document)).await;
        let packed = packed.map_err(|e| self.unavailable(e))?.map_err(|e| self.unavailable(e))?;
        let (database, floor, id, judged) = (self.clone(), floor.clone(), id.clone(), judged.clone());
        in_own_task(self.config().database, async move {
            // Somebody else may be keeping the same run at this moment.
            patiently(Twice::IsOnce, || database.insert_parts(&floor, &id, &judged, &packed)).await
        })
        .await
    }

    async fn load_run(&self, id: &RunId) -> Result<Option<(FloorId, Vec<u8>)>, Failure> {
        let select = "SELECT document, floor, parts FROM runs WHERE run = $1 ORDER BY part";
        let rows = self.select(select, vec![text(id)]).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let unreadable = |why: &str| self.unavailable(format!("run {id} cannot be read back: {why}"));
        let parts: Option<i64> = first.try_get(2).ok();
        if parts != i64::try_from(rows.len()).ok() {
            return Err(unreadable("a part is missing"));
        }
        let floor = first.try_get::<_, &str>(1).ok().and_then(|floor| floor.parse().ok());
        let floor: FloorId = floor.ok_or_else(|| unreadable("its floor has no name"))?;
        let parts: Result<Vec<&[u8]>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        let parts = parts.map_err(|_| unreadable("a part is empty"))?.concat();
        let mut document = Vec::new();
        GzDecoder::new(&parts[..]).read_to_end(&mut document).map_err(|error| unreadable(&error.to_string()))?;
        Ok(Some((floor, document)))
    }

    async fn judged_runs(&self, floor: &FloorId, backend: Backend) -> Result<Vec<(String, u64)>, Failure> {
        let select = "SELECT verdict, count(*) FROM judged WHERE floor = $1 AND backend = $2 GROUP BY verdict";
        let rows = self.select(select, vec![text(floor), text(backend)]).await?;
        self.all(&rows, |row| Some((row.try_get(0).ok()?, u64::try_from(row.try_get::<_, i64>(1).ok()?).ok()?)))
    }

    async fn append_record(&self, record: &RunId, place: u32, document: &str) -> Result<bool, Failure> {
        let insert = "INSERT INTO records (record, place, document) VALUES ($1, $2, $3) \
                      ON CONFLICT (record, place) DO NOTHING RETURNING place";
        let rows = self.change(insert, vec![text(record), int(place), text(document)]).await?;
        Ok(!rows.is_empty())
    }

    async fn load_record(&self, record: &RunId) -> Result<Vec<String>, Failure> {
        let select = "SELECT document FROM records WHERE record = $1 ORDER BY place";
        let rows = self.select(select, vec![text(record)]).await?;
        self.all(&rows, |row| row.try_get(0).ok())
    }

    async fn newest_records(&self, most: u32) -> Result<Vec<(RunId, i64)>, Failure> {
        let select = "SELECT record, count(*) FROM records GROUP BY record ORDER BY record DESC LIMIT $1";
        let rows = self.select(select, vec![int(most)]).await?;
        self.all(&rows, |row| Some((row.try_get::<_, &str>(0).ok()?.parse().ok()?, row.try_get(1).ok()?)))
    }

    async fn load_records(&self, most: u32) -> Result<Vec<Vec<String>>, Failure> {
        let select = "SELECT record, document FROM records WHERE record IN \
                      (SELECT record FROM records WHERE place = 0 ORDER BY record DESC LIMIT $1) \
                      ORDER BY record DESC, place";
        let rows = self.select(select, vec![int(most)]).await?;
        let lines: Vec<(String, String)> = self.all(&rows, |row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)))?;
        let records = lines.chunk_by(|(one, _), (other, _)| one == other);
        Ok(records.map(|lines| lines.iter().map(|(_, document)| document.clone()).collect()).collect())
    }
}

impl SqlDatabase {
    /// Parts that are there already stay as they are. All of them are one transaction, unless they are more than Aurora
    /// DSQL takes in one; then the last are written last, and until then the run is not complete.
    async fn insert_parts(
        &self,
        floor: &FloorId,
        run: &RunId,
        judged: &Judged,
        document: &[u8],
    ) -> Result<(), Failure> {
        let failed = |error| classify::classify(self.config().database, classify::Stage::Statement, error);
        let count = i64::try_from(document.len().div_ceil(PART_BYTES)).unwrap_or(i64::MAX);
        let parts: Vec<_> = (0_i64..).zip(document.chunks(PART_BYTES)).collect();
        for together in parts.chunks(PARTS_TOGETHER) {
            let mut client = self.live_client().await?;
            let txn = client.transaction().await.map_err(failed)?;
            for (part, bytes) in together {
                let insert = "INSERT INTO runs (run, part, parts, floor, document) VALUES ($1, $2, $3, $4, $5) \
                              ON CONFLICT (run, part) DO NOTHING";
                txn.execute(insert, &[&run.as_str(), part, &count, &floor.as_str(), bytes]).await.map_err(failed)?;
            }
            if together.last().is_some_and(|(part, _)| *part + 1 == count) {
                let insert = "INSERT INTO judged (floor, backend, run, verdict) VALUES ($1, $2, $3, $4) \
                              ON CONFLICT (floor, backend, run) DO NOTHING";
                let (backend, verdict) = (judged.backend.as_str(), judged.verdict);
                txn.execute(insert, &[&floor.as_str(), &backend, &run.as_str(), &verdict]).await.map_err(failed)?;
            }
            let lost = |error| classify::classify(self.config().database, classify::Stage::Commit, error);
            txn.commit().await.map_err(lost)?;
        }
        Ok(())
    }
}

fn pack(document: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(document)?;
    packed.finish()
}
