"""Moto's server on two ports, one with TLS and one without, as one process.

`moto_both.py TLS PLAIN CERTIFICATE KEY`.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

tls, plain, certificate, key = sys.argv[1:]
application = DomainDispatcherApplication(create_backend_app)
application.debug = True  # as `moto_server` sets it
secure = make_server(
    "127.0.0.1", int(tls), application, threaded=True, ssl_context=(certificate, key)
)
threading.Thread(target=secure.serve_forever, daemon=True).start()
make_server("127.0.0.1", int(plain), application, threaded=True).serve_forever()
