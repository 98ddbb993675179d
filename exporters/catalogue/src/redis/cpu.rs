//! `INFO cpu`.

crate::catalogue! {
    /// Seconds of CPU that the server spent in the kernel, all threads
    SYS: Counter = "redis_cpu_sys_seconds_total" [] upstream source("INFO used_cpu_sys");
    /// Seconds of CPU that the server spent outside the kernel, all threads
    USER: Counter = "redis_cpu_user_seconds_total" [] upstream source("INFO used_cpu_user");
    /// Seconds of CPU that child processes spent in the kernel
    SYS_CHILDREN: Counter = "redis_cpu_sys_children_seconds_total" [] upstream source("INFO used_cpu_sys_children");
    /// Seconds of CPU that child processes spent outside the kernel
    USER_CHILDREN: Counter = "redis_cpu_user_children_seconds_total" [] upstream source("INFO used_cpu_user_children");
    /// Seconds of CPU that the main thread spent in the kernel
    SYS_MAIN_THREAD: Counter = "redis_cpu_sys_main_thread_seconds_total" [] upstream source("INFO used_cpu_sys_main_thread");
    /// Seconds of CPU that the main thread spent outside the kernel
    USER_MAIN_THREAD: Counter = "redis_cpu_user_main_thread_seconds_total" [] upstream source("INFO used_cpu_user_main_thread");
    /// Seconds during which the main thread had work
    ACTIVE_MAIN_THREAD: Counter = "redis_active_time_main_thread_seconds_total" [] upstream source("INFO used_active_time_main_thread");
    /// Seconds during which the I/O thread had work
    ACTIVE_IO_THREAD: Counter = "redis_active_time_io_thread_seconds_total" ["thread"] upstream;
}
