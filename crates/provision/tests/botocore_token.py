"""The tokens that botocore makes, with the time standing still.

Reads from standard input a JSON list of cases (seconds since 1970, access key, secret key, session token or null,
region, host name, seconds the token is valid, "admin" or "user") and prints a token a line.
"""

import datetime
import json
import sys
from unittest import mock

import botocore.session
from botocore.credentials import Credentials


def token(seconds, access, secret, session_token, region, host, valid, who):
    now = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)
    session._credentials = Credentials(access, secret, session_token)
    client = session.create_client("dsql", region_name=region)
    generate = client.generate_db_connect_admin_auth_token if who == "admin" else client.generate_db_connect_auth_token
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        return generate(host, Region=region, ExpiresIn=valid)


session = botocore.session.get_session()
for case in json.load(sys.stdin):
    print(token(*case))
