//! Databases for programs under test.

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

/// A kind of database, as a case of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Database {
    /// A file beside the configuration.
    Sqlite,
    /// A schema of its own on the server that `STEPGATE_TEST_POSTGRES` names.
    Postgres,
}

impl Database {
    /// What to write as `database`; `None` where there is no server to test with.
    pub(crate) fn address(self) -> Option<String> {
        match self {
            Self::Sqlite => Some("sqlite:data/stepgate.db".to_owned()),
            Self::Postgres => {
                let server = std::env::var("STEPGATE_TEST_POSTGRES").ok()?;
                Some(fresh_schema(&server))
            }
        }
    }
}

fn fresh_schema(server: &str) -> String {
    let schema = format!("test_{}", uuid::Uuid::new_v4().simple());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(server).await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    let sign = if server.contains('?') { '&' } else { '?' };
    format!("{server}{sign}options=-c%20search_path%3D{schema}")
}
