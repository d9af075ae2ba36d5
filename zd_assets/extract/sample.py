"""A look at an export's live format, by the endpoint that the API has for testing it."""

from collections.abc import Callable

from zd_assets.catalog.export import Endpoint, Export
from zd_assets.lake.format import Comparison, compare
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.page import read_page
from zd_assets.zendesk.paginators import first_url


def sample(
    export: Export,
    endpoint: Endpoint,
    client: Client,
    start_us: int,
    notice: Callable[[str], None] = lambda message: None,
) -> Comparison:
    """Ask once for items that changed since `start_us` (microseconds); compare their format.

    `notice` is told of each wait before the request is made again.

    Raises:
        ZendeskError: the request failed, or was refused.
    """
    url = first_url(client.base_url, endpoint, start_us, endpoint.page_size, {})
    page = client.get(url, lambda body: read_page(export, endpoint, body), notice=notice)
    return compare(export.columns, page.items, export.optional_paths)
