//! What the reader accepts and refuses, line by line.

use super::{openmetrics, text};

fn text_error(page: &str) -> String {
    text(page).unwrap_err().to_string()
}

fn openmetrics_error(page: &str) -> String {
    openmetrics(page).unwrap_err().to_string()
}

#[test]
fn text_page_is_read() {
    let page = text(concat!(
        "# HELP a_total Things\\nof \\\\ one kind\n# TYPE a_total counter\na_total{x=\"q\\\"b\\\\n\\n\",y=\"\"} 1\na_total 2.5e3 1700000000000\n",
        "\n# a comment\n# TYPE b gauge\nb NaN\n",
    ))
    .unwrap();

    assert_eq!(page.family("a_total").unwrap().help, "Things\nof \\ one kind");
    assert_eq!(page.value("a_total", &[("y", ""), ("x", "q\"b\\n\n")]), Some(1.0));
    assert_eq!(page.value("a_total", &[]), Some(2500.0));
    assert!(page.value("b", &[]).unwrap().is_nan());
}

#[test]
fn openmetrics_page_is_read() {
    let page = openmetrics(concat!(
        "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Time \\\"spent\\\"\n",
        "a_seconds_total 1.0 # {trace_id=\"7\"} 0.5 1700000000.5\na_seconds_created 1.7e9\n",
        "# TYPE b info\nb_info{version=\"1\"} 1\n# TYPE c unknown\nc 3\n# EOF\n",
    ))
    .unwrap();

    assert_eq!(page.family("a_seconds").unwrap().help, "Time \"spent\"");
    assert_eq!(page.value("a_seconds_total", &[]), Some(1.0));
    assert_eq!(page.values_of("b_info", "version").into_iter().collect::<Vec<_>>(), ["1"]);
}

#[test]
fn histogram_is_read_in_both() {
    let page = "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1.5\nh_count 2\n";

    assert_eq!(text(page).unwrap().samples().count(), 4);
    assert_eq!(openmetrics(&format!("{page}# EOF\n")).unwrap(), text(page).unwrap());
}

#[test]
fn structure_is_enforced() {
    for (page, problem) in [
        ("a 1\n", "line 1: sample a comes before its TYPE"),
        ("# TYPE a gauge\na 1", "line 2: the last line has no end"),
        ("# TYPE a gauge\na 1\na 1\n", "line 3: series a{} is on the page twice"),
        ("# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n", "line 3: series a{\"x\": \"1\", \"y\": \"2\"} is on the page twice"),
        ("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n", "line 5: family a is in two places"),
        ("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n", "line 5: a is not a sample of gauge b"),
        ("# TYPE a gauge\n# TYPE a gauge\na 1\n", "line 2: second TYPE of a"),
        ("# HELP a One\n# HELP a Two\n", "line 2: second HELP of a"),
        ("# TYPE a gauge\na 1\n# HELP a Late\n", "line 3: metadata of a follows its samples"),
        ("# HELP a Lonely\n", "line 1: family a has no TYPE"),
        ("# TYPE a thing\n", "line 1: unknown type thing"),
        ("# TYPE a summary\na_count 1\n# TYPE a_count gauge\na_count 1\n", "line 4: series a_count{} is on the page twice"),
    ] {
        assert_eq!(text_error(page), problem, "{page}");
    }
}

#[test]
fn sample_lines_are_enforced() {
    for (line, problem) in [
        ("a{x=\"\\t\"} 1", "bad escape in \"\\\\t\""),
        ("a{x=\"1\",x=\"2\"} 1", "label x is there twice"),
        ("a{x=\"1\",} 1", "neither comma nor brace after label x"),
        ("a{x=\"1\"y=\"2\"} 1", "neither comma nor brace after label x"),
        ("a{x=\"1} 1", "label x has no end"),
        ("a{__x=\"1\"} 1", "label __x is reserved"),
        ("a{x:y=\"1\"} 1", "label x has no value"),
        ("a  1", "bad value \"\""),
        ("a inf", "bad value \"inf\""),
        ("a 1 now", "bad timestamp now"),
        ("a 1 2 3", "trailing \" 3\""),
        ("a 1 # {} 1", "trailing \" # {} 1\""),
        ("é 1", "not a name: \"é 1\""),
    ] {
        let error = text(&format!("# TYPE a gauge\n{line}\n")).unwrap_err();
        assert_eq!((error.line, error.problem.as_str()), (2, problem), "{line}");
    }
}

#[test]
fn types_are_enforced() {
    for (page, problem) in [
        ("# TYPE a counter\na -1\n", "a counts and is -1"),
        ("# TYPE a counter\na NaN\n", "a counts and is NaN"),
        ("# TYPE a histogram\na 1\n", "a is not a sample of histogram a"),
        ("# TYPE a histogram\na_bucket 1\n", "a_bucket has no le"),
        ("# TYPE a histogram\na_sum{le=\"1\"} 1\n", "a_sum has le"),
        ("# TYPE a histogram\na_bucket{le=\"1\"} 1\na_count 1\n", "histogram a{}: no +Inf bucket"),
        ("# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\n", "histogram a{}: buckets are not cumulative"),
        ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_bucket{le=\"1\"} 1\na_count 1\n", "histogram a{}: bounds do not ascend"),
        ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 2\na_count 1\n", "histogram a{}: count is not the +Inf bucket"),
        ("# TYPE a summary\na 1\n", "a has no quantile"),
    ] {
        assert_eq!(text(page).unwrap_err().problem, problem, "{page}");
    }
}

#[test]
fn openmetrics_is_stricter() {
    for (page, problem) in [
        ("# TYPE a gauge\na 1\n", "line 2: # EOF is missing"),
        ("# EOF\n# EOF\n", "line 2: something follows # EOF"),
        ("\n# EOF\n", "line 1: empty line"),
        ("# a comment\n# EOF\n", "line 1: not a line of OpenMetrics: # a comment"),
        ("# TYPE a untyped\n# EOF\n", "line 1: unknown type untyped"),
        ("# TYPE a counter\na 1\n# EOF\n", "line 2: a is not a sample of counter a"),
        ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n# EOF\n", "line 4: histogram a{}: a sum and a count come together"),
        ("# TYPE a info\na_info 2\n# EOF\n", "line 2: a_info is not 1"),
        ("# TYPE a gauge\n# UNIT a seconds\n# EOF\n", "line 2: a does not end in its unit seconds"),
        ("# TYPE a gauge\na 1 # {x=\"1\"} 1\n# EOF\n", "line 2: a has an exemplar"),
        ("# TYPE a counter\na_total 1\n# TYPE a_total gauge\n# EOF\n", "line 4: a_total is a sample of a and a family"),
    ] {
        assert_eq!(openmetrics_error(page), problem, "{page}");
    }
}
