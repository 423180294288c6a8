from rest_framework import serializers

from vouchers.models import Customer, Publication, Voucher


class CampaignInput(serializers.Serializer):
    name = serializers.CharField(max_length=1000)
    count = serializers.IntegerField(min_value=1, max_value=1, default=1)


class CustomerInput(serializers.Serializer):
    source_id = serializers.CharField(max_length=1000)
    name = serializers.CharField(max_length=1000, required=False)
    email = serializers.EmailField(required=False)
    metadata = serializers.DictField(required=False)


class PublicationInput(serializers.Serializer):
    campaign = CampaignInput()
    customer = CustomerInput()
    channel = serializers.CharField(max_length=100, default="API")
    source_id = serializers.CharField(max_length=1000, required=False, default=None)
    metadata = serializers.DictField(default=dict)


class CustomerOutput(serializers.ModelSerializer):
    object = serializers.ReadOnlyField(default="customer")

    class Meta:
        model = Customer
        fields = ["id", "source_id", "name", "email", "metadata", "object"]


class VoucherOutput(serializers.ModelSerializer):
    object = serializers.ReadOnlyField(default="voucher")

    class Meta:
        model = Voucher
        fields = [
            "id", "code", "type", "campaign_id", "holder_id", "discount", "start_date", "expiration_date", "active",
            "metadata", "created_at", "updated_at", "object",
        ]  # fmt: skip


class PublicationOutput(serializers.ModelSerializer):
    customer = CustomerOutput()
    voucher = VoucherOutput()
    object = serializers.ReadOnlyField(default="publication")

    class Meta:
        model = Publication
        fields = [
            "id", "object", "created_at", "customer_id", "tracking_id", "metadata", "channel", "source_id", "result",
            "customer", "voucher",
        ]  # fmt: skip
