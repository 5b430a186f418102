"""What every request passes: cookies, limits, the guard against other sites, security headers."""
