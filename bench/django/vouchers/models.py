"""Largesse's own tables, with all their indexes. What the database fills in by itself isn't named."""

from django.db import models
from django.db.models.functions import Now


class ApiKey(models.Model):
    app_id = models.TextField(primary_key=True)
    token_hash = models.BinaryField()
    project_id = models.IntegerField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "api_keys"


class Campaign(models.Model):
    pk = models.CompositePrimaryKey("project_id", "id")
    project_id = models.IntegerField()
    id = models.TextField()
    name = models.TextField()
    active = models.BooleanField()
    expiration_date = models.DateTimeField(null=True)
    voucher = models.JSONField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "campaigns"


class CampaignCounter(models.Model):
    pk = models.CompositePrimaryKey("project_id", "campaign_id")
    project_id = models.IntegerField()
    campaign_id = models.TextField()
    published = models.BigIntegerField()
    publications = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "campaign_counters"


class Customer(models.Model):
    pk = models.CompositePrimaryKey("project_id", "id")
    project_id = models.IntegerField()
    id = models.TextField()
    source_id = models.TextField(null=True)
    name = models.TextField(null=True)
    email = models.TextField(null=True)
    metadata = models.JSONField(default=dict)
    updated_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "customers"


class Voucher(models.Model):
    FREE = 0
    PUBLISHED = 3

    pk = models.CompositePrimaryKey("project_id", "id")
    project_id = models.IntegerField()
    id = models.TextField()
    code = models.TextField()
    pick_key = models.BigIntegerField()
    state = models.SmallIntegerField()
    active = models.BooleanField()
    publish_count = models.IntegerField()
    type = models.TextField()
    campaign_id = models.TextField(null=True)
    holder_id = models.TextField(null=True)
    discount = models.JSONField(null=True)
    start_date = models.DateTimeField(null=True)
    expiration_date = models.DateTimeField(null=True)
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "vouchers"


class Publication(models.Model):
    pk = models.CompositePrimaryKey("project_id", "id")
    project_id = models.IntegerField()
    id = models.TextField()
    result = models.TextField(default="SUCCESS")
    campaign_id = models.TextField(null=True)
    customer_id = models.TextField(null=True)
    tracking_id = models.TextField(null=True)
    source_id = models.TextField(null=True)
    channel = models.TextField(default="API")
    metadata = models.JSONField(default=dict)
    vouchers_count = models.IntegerField(default=1)
    first_code = models.TextField(null=True)
    voucher_type = models.TextField(null=True)
    first_of_customer = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        managed = False
        db_table = "publications"


class PublicationVoucher(models.Model):
    pk = models.CompositePrimaryKey("project_id", "voucher_id", "to_customer")
    project_id = models.IntegerField()
    voucher_id = models.TextField()
    to_customer = models.BooleanField(default=True)
    id = models.TextField()
    publication_id = models.TextField()
    position = models.IntegerField(default=1)
    code = models.TextField()
    customer_id = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "publication_vouchers"


class Event(models.Model):
    pk = models.CompositePrimaryKey("project_id", "id")
    project_id = models.IntegerField()
    id = models.TextField()
    type = models.TextField()
    entity_id = models.TextField()
    data = models.JSONField()
    actor = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "events"
