"""The page for developers: processes, their health and logs, restart. One port after the site's."""
