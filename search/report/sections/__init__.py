"""The sections of the HTML report: functions from a comparison to HTML, with all text escaped."""
