//! `INFO stats`: the event loop, reads and writes, error replies.

use crate::Unit;

crate::catalogue! {
    /// Turns of the event loop
    CYCLES: Counter = "redis_eventloop_cycles_total" [] upstream source("INFO eventloop_cycles");
    /// Microseconds spent in the event loop, waiting for I/O left out
    DURATION_MICROSECONDS: Counter = "redis_eventloop_duration_sum_usec_total" [] upstream unit(Unit::Microseconds) source("INFO eventloop_duration_sum");
    /// Microseconds of the event loop spent on commands
    COMMAND_DURATION_MICROSECONDS: Counter = "redis_eventloop_duration_cmd_sum_usec_total" [] upstream unit(Unit::Microseconds) source("INFO eventloop_duration_cmd_sum");
    /// Seconds spent in the event loop, waiting for I/O left out
    DURATION: Counter = "redis_eventloop_seconds_total" [] source("INFO eventloop_duration_sum") times(1e-6);
    /// Seconds of the event loop spent on commands
    COMMAND_DURATION: Counter = "redis_eventloop_command_seconds_total" [] source("INFO eventloop_duration_cmd_sum") times(1e-6);
    /// Turns of the event loop per second, as the server averages them
    CYCLES_RATE: Gauge = "redis_instantaneous_eventloop_cycles_per_sec" [] upstream source("INFO instantaneous_eventloop_cycles_per_sec");
    /// Microseconds per turn of the event loop, as the server averages them
    CYCLE_MICROSECONDS: Gauge = "redis_instantaneous_eventloop_duration_usec" [] upstream unit(Unit::Microseconds) source("INFO instantaneous_eventloop_duration_usec");
    /// Seconds per turn of the event loop, as the server averages them
    CYCLE_SECONDS: Gauge = "redis_instantaneous_eventloop_seconds" [] source("INFO instantaneous_eventloop_duration_usec") times(1e-6);
    /// Reads from sockets
    READS: Counter = "redis_total_reads_processed" [] upstream source("INFO total_reads_processed");
    /// Writes to sockets
    WRITES: Counter = "redis_total_writes_processed" [] upstream source("INFO total_writes_processed");
    /// Reads from sockets by the main and the I/O threads
    READS_TOTAL: Counter = "redis_reads_processed_total" [] source("INFO total_reads_processed");
    /// Writes to sockets by the main and the I/O threads
    WRITES_TOTAL: Counter = "redis_writes_processed_total" [] source("INFO total_writes_processed");
    /// Reads from sockets by the I/O threads
    THREADED_READS: Counter = "redis_io_threaded_reads_processed" [] upstream source("INFO io_threaded_reads_processed");
    /// Writes to sockets by the I/O threads
    THREADED_WRITES: Counter = "redis_io_threaded_writes_processed" [] upstream source("INFO io_threaded_writes_processed");
    /// Reads from sockets by the I/O threads alone
    THREADED_READS_TOTAL: Counter = "redis_io_thread_reads_total" [] source("INFO io_threaded_reads_processed");
    /// Writes to sockets by the I/O threads alone
    THREADED_WRITES_TOTAL: Counter = "redis_io_thread_writes_total" [] source("INFO io_threaded_writes_processed");
    /// Times that a client's reply buffer was made smaller
    REPLY_BUFFER_SHRINKS: Counter = "redis_reply_buffer_shrinks_total" [] upstream source("INFO reply_buffer_shrinks");
    /// Times that a client's reply buffer was made larger
    REPLY_BUFFER_EXPANDS: Counter = "redis_reply_buffer_expands_total" [] upstream source("INFO reply_buffer_expands");
    /// Error replies to commands, refused ones included
    ERROR_REPLIES: Counter = "redis_total_error_replies" [] upstream source("INFO total_error_replies");
    /// Error replies to commands and refusals of commands
    ERROR_REPLIES_TOTAL: Counter = "redis_error_replies_total" [] source("INFO total_error_replies");
    /// Error replies from a primary or while the append-only file is loaded, where none belongs
    UNEXPECTED_ERROR_REPLIES: Counter = "redis_unexpected_error_replies" [] upstream source("INFO unexpected_error_replies");
    /// Error replies from a primary or during a load
    UNEXPECTED_ERROR_REPLIES_TOTAL: Counter = "redis_error_replies_unexpected_total" [] source("INFO unexpected_error_replies");
    /// Checks of the payload of DUMP before it is restored
    SANITIZATIONS: Counter = "redis_dump_payload_sanitizations" [] upstream source("INFO dump_payload_sanitizations");
    /// Payloads of DUMP checked before they were restored
    SANITIZATIONS_TOTAL: Counter = "redis_restore_payload_checks_total" [] source("INFO dump_payload_sanitizations");
}
