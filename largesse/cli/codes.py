"""`largesse generate` and `largesse publish`: codes without an HTTP client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Final

import typer
from rich.progress import Progress

from largesse.actions.campaigns import add_vouchers
from largesse.actions.ids import IdSource
from largesse.actions.metadata_schemas import check_publication
from largesse.actions.publications import publication_request
from largesse.actions.publishing import Publisher
from largesse.actions.scope import Scope
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.options import Data, Json, ProjectName
from largesse.cli.output import print_fields, print_json
from largesse.domain.async_actions import FAILED, AsyncAction
from largesse.domain.projects import Project
from largesse.domain.publications import COUNT_MAX, Publication
from largesse.jobs.worker import Worker
from largesse.store.async_actions import get_async_action
from largesse.store.connection import JOB_SETTINGS, PUBLISH_SETTINGS, Pool, acquire, create_pool
from largesse.store.metadata_schemas import list_schemas
from largesse.wire.publications import CampaignSource, PublicationInput, render_publication_in_list
from largesse.wire.vouchers import VoucherInput

POLL_S: Final = 0.1
ACTOR: Final = "command line"


def add_codes(app: typer.Typer, host: Host) -> None:
    @app.command()
    def generate(
        campaign: Annotated[str, typer.Argument(help="Name or id.")],
        count: Annotated[int, typer.Argument(min=1)],
        *,
        project: ProjectName = "default",
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Add COUNT new codes to a campaign, and wait until they are there."""
        action = asyncio.run(_generate(host, data, project, campaign, count, silent=json))
        result = {"async_action_id": action.id, "status": action.status, **(action.result or {})}
        print_json(result) if json else print_fields(result)
        if action.status == FAILED:
            raise typer.Exit(1)

    @app.command()
    def publish(
        *,
        customer: Annotated[str, typer.Option(help="source_id or id; unknown source_ids are created.")],
        campaign: Annotated[str | None, typer.Option(help="Name or id.")] = None,
        voucher: Annotated[str | None, typer.Option(help="Code or id.")] = None,
        count: Annotated[int, typer.Option(min=1, max=COUNT_MAX)] = 1,
        source_id: Annotated[str | None, typer.Option(help="Repeated, it gives the same code.")] = None,
        join_once: Annotated[bool, typer.Option("--join-once", help="One code a customer, always the same.")] = False,
        channel: Annotated[str | None, typer.Option(help="[API]")] = None,
        project: ProjectName = "default",
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Publish a code, or several of a campaign, to a customer."""
        wanted = PublicationInput(
            voucher=voucher,
            campaign=CampaignSource(name=campaign, count=count),
            customer=customer,
            channel=channel,
            source_id=source_id,
            join_once=join_once,
        )
        made = asyncio.run(_publish(host, data, project, wanted))
        if json:
            print_json(render_publication_in_list(made))
        else:
            print_fields({"publication": made.id, "customer": made.customer_id, "codes": " ".join(made.codes)})


@contextlib.asynccontextmanager
async def opened(
    host: Host, data: str | None, command: str, name: str, settings: dict[str, str], *, size: int = 3
) -> AsyncIterator[tuple[Pool, Project]]:
    """A pool with these connection settings, and the project of that name."""
    async with host.database_url(data=data, command=command) as url:
        pool = await create_pool(url, size=size, settings=settings, application=f"largesse-{command}")
        try:
            async with pool.acquire() as connection:
                project = await the_project(connection, name)
            yield pool, project
        finally:
            await pool.close()


async def _generate(host: Host, data: str | None, name: str, campaign: str, count: int, *, silent: bool) -> AsyncAction:
    ids = IdSource()
    async with opened(host, data, "generate", name, JOB_SETTINGS) as (pool, project):
        async with pool.acquire() as connection, connection.transaction():
            scope = Scope(connection=connection, project=project, ids=ids, request_id=ids.new("w-"), actor=ACTOR)
            action_id = await add_vouchers(scope, campaign, VoucherInput(), count)
        # A running server's job process may take the work, or this one, or both in turn: each chunk is done once.
        worker = Worker(pool, asyncio.Event(), only=action_id)
        with Progress(disable=silent, transient=True) as progress:
            task = progress.add_task(f"{count} codes", total=100)
            while True:
                worked = await worker.step()
                async with pool.acquire() as connection:
                    action = await get_async_action(connection, project.id, action_id)
                if action is None:
                    raise CommandFailed(f"The async action {action_id} is gone.")
                progress.update(task, completed=action.progress)
                if action.finished:
                    return action
                if not worked:
                    await asyncio.sleep(POLL_S)


async def _publish(host: Host, data: str | None, name: str, wanted: PublicationInput) -> Publication:
    ids = IdSource()
    async with opened(host, data, "publish", name, PUBLISH_SETTINGS) as (pool, project):
        request = publication_request(wanted, ids, count_max=COUNT_MAX, request_id=ids.new("w-"), actor=ACTOR)
        async with pool.acquire() as connection:
            schemas = await list_schemas(connection, project.id)
        await check_publication(partial(acquire, pool), project.id, schemas, request)
        return await Publisher(pool, ids).publish(project, request)
