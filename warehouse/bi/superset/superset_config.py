"""Superset's settings for the ledger: local, small, and without a way to the network.

`serve.py` says by LABORLEDGER_SUPERSET where Superset keeps its own things, the secret key among them.
"""

import os
from pathlib import Path

KEPT_IN = Path(os.environ["LABORLEDGER_SUPERSET"])

SECRET_KEY = (KEPT_IN / "secret-key").read_text(encoding="ascii").strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{KEPT_IN / 'superset.db'}"

# A new build is to be seen at once: nothing is answered from memory.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": str(KEPT_IN / "state"),
}
RATELIMIT_STORAGE_URI = "memory://"

# A browser asks nobody else: Superset's own settings let it ask map servers and a counter of visitors.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
SESSION_COOKIE_SAMESITE = "Lax"
# Links to the sentence in the table of claims.
HTML_SANITIZATION = True
FEATURE_FLAGS = {"ALERT_REPORTS": False, "EMBEDDED_SUPERSET": False}
SUPERSET_WEBSERVER_TIMEOUT = 120
LOAD_EXAMPLES = False
APP_NAME = "Labor Ledger"
