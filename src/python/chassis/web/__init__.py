"""What every service with pages stands on: one gate, forms, cookies, and who is signed in.

Errors:

    ChassisError
    +-- WebError                  a request is refused; `status` says by which HTTP status
        +-- CrossSiteError        another site's page sent it
        +-- StaleFormError        the form was not made for this browser and purpose
        +-- UnreadableBodyError   the body is too large, of another media type, or garbled
"""
