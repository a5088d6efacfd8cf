"""The fake Redback cloud.

Endpoint labels, for `cloud.requests.count(label)` and `cloud.faults.add(label, ..)`:

token, token_own; alive, sites, nodes, static, static_site, configuration,
configuration_site, configuration_multiple, dynamic, dynamic_site, dynamic_multiple,
dynamic_multiple_site, dynamic_at, dynamic_span; schedules, schedules_site, schedule,
schedule_create, schedule_create_site, schedule_delete; envelopes, envelopes_event,
envelope_create, envelope_create_multiple, envelope_delete, envelope_delete_all;
portal_login_page, portal_login, portal_logoff, portal_home, portal_control,
portal_set_mode, portal_installation. Whatever else is asked for is `unknown`.

Left out on purpose: the variants by metering identifier (NMI), compliance reports,
installer calls, and the portal's own JSON and schedule form.
"""

from .behaviour import Behaviour
from .cloud import RedbackCloud
from .fixtures import FIXTURES, fleet

__all__ = ["FIXTURES", "Behaviour", "RedbackCloud", "fleet"]
