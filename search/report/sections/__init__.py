"""The page's sections: functions that take what was read of a search and return HTML, all text escaped."""
