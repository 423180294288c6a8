"""A courier that carries nothing, for the tests of who gets what."""

from dataclasses import dataclass, field

from largesse.actions.courier import ACCEPTED, Delivery, Mail, Post
from largesse.jobs.worker import Worker


@dataclass
class FakeCourier:
    """Accepts everything, but what `answers` says of a recipient (for posts: of a text in the body)."""

    answers: dict[str, Delivery] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    unable_to: dict[str, str] = field(default_factory=dict)

    def unable(self, channel: str) -> str | None:
        return self.unable_to.get(channel)

    async def mail(self, mail: Mail) -> Delivery:
        self.mails.append(mail)
        return self.answers.get(mail.recipient, Delivery(ACCEPTED, "250 OK"))

    async def post(self, post: Post) -> Delivery:
        self.posts.append(post)
        said = [answer for text, answer in self.answers.items() if text.encode() in post.body]
        return said[0] if said else Delivery(ACCEPTED, "200")

    def unsubscribe_url(self, project_id: int, channel: str, customer_id: str) -> str:
        return f"http://api.test/unsubscribe/{project_id}-{channel}-{customer_id}"

    @property
    def recipients(self) -> list[str]:
        return sorted(mail.recipient for mail in self.mails)


async def run_jobs(pool, courier) -> None:
    """Do every job that is due, in this process, with that courier."""
    import asyncio

    worker = Worker(pool, asyncio.Event(), slice_s=60, courier=courier)
    while await worker.step():
        pass
