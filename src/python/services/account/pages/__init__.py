"""The site's pages; they need no script in the browser, and one of them has one."""
