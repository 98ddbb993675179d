//! What is measured in the background because it is dear or takes locks: sizes, directories, sequences.

use crate::Unit;

crate::catalogue! {
    /// Seconds since the values that this task measures in the database were last measured; datname is empty for the server as a whole
    AGE: Gauge = "pg_background_age_seconds" ["task", "datname"] unit(Unit::Seconds);
    /// Seconds that the last measurement took
    DURATION: Gauge = "pg_background_duration_seconds" ["task", "datname"];
    /// 1 if the last measurement succeeded, 0 if not
    SUCCESS: Gauge = "pg_background_success" ["task", "datname"];
    /// Relations left out of the last measurement because somebody holds or awaits an exclusive lock on them
    SKIPPED: Gauge = "pg_background_relations_skipped" ["datname"];
    /// Databases whose size could not be measured the last time
    DATABASES_SKIPPED: Gauge = "pg_background_databases_skipped" [];
    /// Connections open at the moment beside the kept one
    CONNECTIONS: Gauge = "pg_background_connections" [];
}

/// The directory of the write-ahead log, and what waits there to be archived.
pub mod wal {
    crate::catalogue! {
        /// Files in the directory of the write-ahead log
        SEGMENTS: Gauge = "pg_wal_segments" [] upstream source("wal segments");
        /// Size of these files
        SIZE: Gauge = "pg_wal_size_bytes" [] upstream source("wal size");
        /// WAL files that wait to be archived
        ARCHIVE_READY: Gauge = "pg_archiver_ready_files" [] source("wal ready");
        /// Seconds for which the oldest of them has waited; 0 if none waits
        ARCHIVE_READY_AGE: Gauge = "pg_archiver_ready_oldest_seconds" [] source("wal ready_oldest");
    }
}

/// Temporary files as they are on disk.
pub mod temp_files {
    crate::catalogue! {
        /// Temporary files on disk
        COUNT: Gauge = "pg_temp_files_live" ["tablespace"] source("temp_files files");
        /// Size of these files
        BYTES: Gauge = "pg_temp_files_live_bytes" ["tablespace"] source("temp_files bytes");
    }
}

/// Sequences, those nearest to their end first.
pub mod sequences {
    crate::catalogue! {
        /// Share of its values that the sequence has used up; the fullest of each database
        USED: Gauge = "pg_sequence_used_ratio" ["datname", "schemaname", "sequencename"] source("sequences used");
    }

    /// What is not seen of them.
    pub mod rights {
        crate::catalogue! {
            /// Sequences that the exporter's role may not read
            UNREADABLE: Gauge = "pg_sequences_unreadable" ["datname"] source("sequence_rights unreadable");
        }
    }
}
