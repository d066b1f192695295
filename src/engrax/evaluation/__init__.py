"""Playing fresh episodes, statistics, comparisons and reports."""
