"""What the page after a redirect tells about what was done."""

from enum import StrEnum

from chassis.web.cookies import Cookie, CookieJar


class Notice(StrEnum):
    """Each is kept by its name in a cookie, so nobody can make a page say something else."""

    WELCOME = "welcome"
    PROFILE_SAVED = "profile-saved"
    SESSION_REVOKED = "session-revoked"
    SESSION_GONE = "session-gone"
    SIGNED_OUT = "signed-out"
    SESSION_ENDED = "session-ended"


_TEXTS = {
    Notice.WELCOME: "Welcome to Tandem. Your account is ready.",
    Notice.PROFILE_SAVED: "Your profile has been saved.",
    Notice.SESSION_REVOKED: "The session has been ended: that browser is signed out.",
    Notice.SESSION_GONE: "That session had ended already.",
    Notice.SIGNED_OUT: "You are signed out.",
    Notice.SESSION_ENDED: "Your session has ended. Sign in to go on.",
}


def leave_notice(jar: CookieJar, notice: Notice) -> None:
    """Tell this on the next page."""
    jar.put(Cookie.NOTICE, notice)


def take_notice(jar: CookieJar) -> str:
    """What this page is to tell, once; empty if nothing."""
    kept = jar.get(Cookie.NOTICE)
    jar.drop(Cookie.NOTICE)
    return _TEXTS[Notice(kept)] if kept in Notice else ""
