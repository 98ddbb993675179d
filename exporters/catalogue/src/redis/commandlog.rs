//! `COMMANDLOG` of Valkey 8.1: slow commands, large requests, large replies.

use crate::Unit;

crate::catalogue! {
    /// Entries in the log of slow commands
    SLOW_LENGTH: Gauge = "redis_commandlog_slow_length" [] upstream source("COMMANDLOG LEN slow");
    /// Entries in the log of large requests
    LARGE_REQUEST_LENGTH: Gauge = "redis_commandlog_large_request_length" [] upstream source("COMMANDLOG LEN large-request");
    /// Entries in the log of large replies
    LARGE_REPLY_LENGTH: Gauge = "redis_commandlog_large_reply_length" [] upstream source("COMMANDLOG LEN large-reply");
    /// Microseconds above which a command is logged as slow; negative is never
    EXECUTION_SLOWER_THAN: Gauge = "redis_commandlog_execution_slower_than" [] upstream unit(Unit::Microseconds) source("CONFIG commandlog-execution-slower-than");
    /// Bytes above which a request is logged as large; negative is never
    REQUEST_LARGER_THAN: Gauge = "redis_commandlog_request_larger_than" [] upstream unit(Unit::Bytes) source("CONFIG commandlog-request-larger-than");
    /// Bytes above which a reply is logged as large; negative is never
    REPLY_LARGER_THAN: Gauge = "redis_commandlog_reply_larger_than" [] upstream unit(Unit::Bytes) source("CONFIG commandlog-reply-larger-than");
    /// Entries that the log of slow commands can hold
    SLOW_MAX: Gauge = "redis_commandlog_slow_execution_max_len" [] upstream source("CONFIG commandlog-slow-execution-max-len");
    /// Entries that the log of large requests can hold
    LARGE_REQUEST_MAX: Gauge = "redis_commandlog_large_request_max_len" [] upstream source("CONFIG commandlog-large-request-max-len");
    /// Entries that the log of large replies can hold
    LARGE_REPLY_MAX: Gauge = "redis_commandlog_large_reply_max_len" [] upstream source("CONFIG commandlog-large-reply-max-len");
}
